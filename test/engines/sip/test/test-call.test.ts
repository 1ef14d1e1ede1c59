import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { digitOfInfo } from '../../../../src/engines/sip/test/info-digit.ts';
import type { IncomingSession } from '../../../../src/sip/user-agent.ts';
import { aMeasurement } from '../../../support/played-thread.ts';
import { expectNothingLeft, mediaOf, type PlacedTestCall, shownBy, SipWorld } from '../../../support/sip-world.ts';

let world: SipWorld;

beforeEach(async () => {
  world = await SipWorld.started();
});

afterEach(() => expectNothingLeft(world));

type Script = Parameters<SipWorld['placeTest']>[0];

/** The carrier rings at once and answers after 100 ms; its media are at port 5000. */
const talking = async (
  script: Script = {},
  media = mediaOf({ port: 5000 }),
): Promise<PlacedTestCall & { carrier: IncomingSession }> => {
  world.answering(world.carrier, { media });
  const placed = world.placeTest(script);
  await world.elapse(150);
  return { ...placed, carrier: world.carrier.lastIn.session };
};

/** Lets the network carry it there and back. */
const carried = async <Value>(sent: Promise<Value>): Promise<Value> => {
  await world.elapse(20);
  return sent;
};

describe('a test call', () => {
  it('shows the port of its phone, and reports when what happened and what was heard', async () => {
    world.carrier.listen((session) => {
      world.clock.setTimer(500, () => session.progress(180));
      world.clock.setTimer(2000, () => session.accept(mediaOf({ port: 5000 })));
    });
    const { call, notified } = world.placeTest({ lastsMs: 4000 });
    await world.elapse(10_000);
    expect(shownBy(world.carrier.lastIn.session.remoteSdp ?? '')).toBe('6000: 0 8 101 sendrecv');
    expect(world.testPhones.last.peers).toEqual([
      {
        ...{ payloadType: 0, telephoneEventPayloadType: 101, to: { address: '127.0.0.1', port: 5000 } },
        // The host by which it signals: were it behind NAT, its audio would come from there.
        learnsFrom: ['10.0.0.3'],
      },
    ]);
    expect(await call.report).toEqual({
      // One millisecond each way.
      ...{ postDialMs: 502, answerMs: 2002, talkMs: 4000, ringback: 'none' },
      ...{ heard: aMeasurement, digits: '', steps: [] },
    });
    expect(notified.slice(-3)).toEqual(['over: caller hung up', 'caller ended - hangup', 'callee ended 200 hangup']);
    expect(world.testPhones.last.state).toBe('finished');
  });

  it('hears early media, and tells that the network rings only where audio came', async () => {
    for (const [hears, ringback] of [
      [true, 'network'],
      [false, 'none'],
    ] as const) {
      world.carrier.listen((session) => {
        session.progress(183, mediaOf({ port: 5000 }));
        world.clock.setTimer(1000, () => session.accept(mediaOf({ port: 5000 })));
      });
      const { call } = world.placeTest({ lastsMs: 100 });
      await world.elapse(500);
      expect(world.testPhones.last.peers).toMatchObject([{ to: { port: 5000 } }]);
      if (hears) world.testPhones.last.hearAudio();
      await world.elapse(2000);
      world.testPhones.last.hearAudio();
      expect(await call.report).toMatchObject({ ringback });
    }
  });

  it('takes audio that overtakes the answer for no ringback, and early audio without an answer for one', async () => {
    world.carrier.listen((session) => {
      session.progress(180);
      world.clock.setTimer(1000, () => session.accept(mediaOf({ port: 5000 })));
    });
    const answered = world.placeTest({ lastsMs: 100 });
    await world.elapse(990);
    world.testPhones.last.hearAudio();
    await world.elapse(2000);
    expect(await answered.call.report).toMatchObject({ ringback: 'none' });
    const unanswered = world.placeTest();
    await world.elapse(900);
    world.testPhones.last.hearAudio();
    unanswered.call.hangUp();
    expect(await unanswered.call.report).toMatchObject({ ringback: 'network', answerMs: null });
  });

  it('tries the next trunk, counts from the first INVITE, and tells of both', async () => {
    world.carrier.listen((session) => session.reject(503));
    world.answering(world.nextCarrier, { afterMs: 1000 });
    const { call, notified } = world.placeTest({ lastsMs: 500 });
    await world.elapse(5000);
    expect(notified.filter((text) => text.startsWith('callee calling'))).toHaveLength(2);
    expect(await call.report).toMatchObject({ answerMs: 1004, talkMs: 500 });
  });

  it('reports of a call that was not answered without times that never were', async () => {
    world.carrier.listen((session) => session.reject(486));
    const { call, notified } = world.placeTest({ steps: [{ kind: 'wait', ms: 10 }] });
    await world.elapse(1000);
    expect(notified.at(-1)).toBe('callee ended 486 busy');
    const never = { state: 'not-reached', startedMs: null, endedMs: null, digits: null };
    const nothing = { postDialMs: null, answerMs: null, talkMs: null, ringback: null, heard: null, digits: '' };
    expect(await call.report).toEqual({ ...nothing, steps: [never] });
  });

  it('without a route ends at once, with its port freed', async () => {
    const { call, notified } = world.placeTest({}, { callee: [{ kind: 'registered', account: 'nobody' }] });
    await world.elapse(10);
    expect(notified).toContain('over: callee unreachable - unreachable');
    expect(await call.report).toMatchObject({ heard: null });
  });

  it('that is answered without audio fails as not acceptable', async () => {
    const { call, notified } = await talking({}, mediaOf({ port: 0 }));
    await world.elapse(1000);
    expect(notified.some((text) => text.includes('media-not-acceptable'))).toBe(true);
    expect(await call.report).toMatchObject({ answerMs: null });
  });
});

describe('the far end of a test call', () => {
  it('that moves or changes its codec is followed', async () => {
    const { call, carrier } = await talking();
    const moved = mediaOf({ port: 5002, formats: '8', version: 2 });
    expect(await carried(carrier.offer(moved))).toMatchObject({ kind: 'accepted' });
    await world.elapse(10);
    expect(world.testPhones.last.peers.at(-1)).toEqual({
      payloadType: 8,
      to: { address: '127.0.0.1', port: 5002 },
      learnsFrom: ['10.0.0.3'],
    });
    call.hangUp();
  });

  it('that holds is sent nothing until it resumes, and is still heard', async () => {
    const { call, carrier } = await talking();
    await carried(carrier.offer(mediaOf({ port: 5000, direction: 'sendonly', version: 2 })));
    expect(shownBy(carrier.remoteSdp ?? '')).toContain('recvonly');
    expect(world.testPhones.last.peers.at(-1)).toEqual({ payloadType: 0, telephoneEventPayloadType: 101 });
    await carried(carrier.offer(mediaOf({ port: 5000, version: 3 })));
    expect(world.testPhones.last.peers.at(-1)).toMatchObject({ to: { port: 5000 } });
    call.hangUp();
  });

  it('that only plays, an announcement, is answered and heard', async () => {
    const { call } = await talking({ lastsMs: 1000 }, mediaOf({ port: 5000, direction: 'sendonly' }));
    await world.elapse(2000);
    expect(await call.report).toMatchObject({ heard: aMeasurement, talkMs: 1000 });
  });

  it('whose offer we cannot take is refused with 488, and the call goes on', async () => {
    const { call, carrier } = await talking();
    expect(await carried(carrier.offer(mediaOf({ formats: '9' })))).toEqual({ kind: 'refused', status: 488 });
    expect(await carried(carrier.offer('hello'))).toEqual({ kind: 'refused', status: 488 });
    expect(world.testPhones.last.peers).toHaveLength(1);
    call.hangUp();
  });

  it('presses keys by telephone event and by INFO, in one line of digits', async () => {
    const { call, carrier } = await talking({
      steps: [{ kind: 'expect-digits', digits: '5#7', withinMs: 5000 }],
      lastsMs: 0,
    });
    const info = (contentType: string, text: string): Promise<number> =>
      carried(carrier.send({ method: 'INFO', contentType, body: Buffer.from(text) }));
    world.testPhones.last.press('5');
    expect(await info('application/dtmf-relay', 'Signal=#\r\nDuration=160\r\n')).toBe(200);
    expect(await info('application/dtmf', '7')).toBe(200);
    await world.elapse(100);
    const { digits, steps } = await call.report;
    expect(digits).toBe('5#7');
    expect(steps).toMatchObject([{ state: 'done', digits: '5#7' }]);
  });

  it('is understood in the INFO of every gateway, and what is no key is none', () => {
    const digit = (contentType: string | undefined, text: string): string | undefined =>
      digitOfInfo({ method: 'INFO', contentType, body: Buffer.from(text) });
    expect(digit('application/dtmf-relay', 'Signal= 5\nDuration= 160')).toBe('5');
    expect(digit('Application/DTMF-Relay; charset=utf-8', 'signal=a\r\n')).toBe('A');
    expect(digit('application/dtmf', ' * \r\n')).toBe('*');
    for (const text of ['', 'Signal=55', 'Signal=', 'Signal=x', 'Duration=5']) {
      expect(digit('application/dtmf-relay', text)).toBeUndefined();
    }
    expect(digit('application/dtmf', '16')).toBeUndefined();
    expect(digit('text/plain', '5')).toBeUndefined();
    expect(digit(undefined, 'Signal=5')).toBeUndefined();
  });
});

describe('the steps of a script', () => {
  it('come one after the other, with silence or the probe between them', async () => {
    const pcm = new Int16Array(1600);
    const { call } = await talking({
      steps: [
        { kind: 'wait', ms: 500 },
        { kind: 'send-digits', digits: '1#' },
        { kind: 'play-tone', hz: 1000, ms: 300 },
        { kind: 'play-sound', pcm },
      ],
      lastsMs: 0,
      between: 'probe',
    });
    await world.elapse(10_000);
    const { steps, talkMs } = await call.report;
    expect(steps.map(({ state, startedMs, endedMs }) => [state, startedMs, endedMs])).toEqual([
      ['done', 0, 500],
      ['done', 500, 1020],
      ['done', 1020, 1320],
      ['done', 1320, 1520],
    ]);
    expect(talkMs).toBe(1520);
    expect(world.testPhones.last.said.map(({ kind }) => kind)).toEqual([
      ...['probe', 'digits', 'probe', 'tone', 'probe', 'pcm', 'probe'],
    ]);
  });

  it('hang up where one says so, though the call was to last longer; those behind it are not reached', async () => {
    const { call } = await talking({
      steps: [{ kind: 'wait', ms: 200 }, { kind: 'hang-up' }, { kind: 'wait', ms: 1 }],
      lastsMs: 60_000,
    });
    await world.elapse(1000);
    const { steps, talkMs } = await call.report;
    expect(steps.map(({ state }) => state)).toEqual(['done', 'done', 'not-reached']);
    expect(talkMs).toBe(200);
  });

  it('that wait for keys take those that came since the last such step, and fail when their time is over', async () => {
    const { call } = await talking({
      steps: [
        { kind: 'wait', ms: 100 },
        { kind: 'expect-digits', digits: '12', withinMs: 1000 },
        { kind: 'expect-digits', digits: '3', withinMs: 1000 },
        { kind: 'expect-digits', digits: '9', withinMs: 1000 },
      ],
      lastsMs: 0,
    });
    world.testPhones.last.press('0123');
    await world.elapse(500);
    world.testPhones.last.press('44');
    await world.elapse(5000);
    const { steps, digits } = await call.report;
    expect(steps.slice(1).map(({ state, digits: heard }) => [state, heard])).toEqual([
      ['done', '0123'],
      ['done', '3'],
      ['failed', '44'],
    ]);
    expect(digits).toBe('012344');
  });

  it('end with the call: the one under way has failed, those behind it are not reached', async () => {
    for (const step of [
      { kind: 'wait', ms: 5000 },
      { kind: 'send-digits', digits: '0123456789' },
      { kind: 'expect-digits', digits: '1', withinMs: 5000 },
    ] as const) {
      const { call, carrier } = await talking({ steps: [step, { kind: 'wait', ms: 1 }] });
      await world.elapse(1000);
      carrier.hangUp();
      await world.elapse(1000);
      const { steps } = await call.report;
      expect(steps.map(({ state }) => state)).toEqual(['failed', 'not-reached']);
      expect(steps[0]?.endedMs).toBeLessThan(1100);
    }
  });
});

describe('a fault of ours', () => {
  it('when no port is free ends the call as the engine, and rejects the report with its cause', async () => {
    world.testPhones.isFull = true;
    const { call, notified } = world.placeTest();
    await world.elapse(100);
    expect(notified).toEqual(['over: engine']);
    await expect(call.report).rejects.toMatchObject({ name: 'NotMeasuredError', cause: { code: 'no_media_port' } });
  });

  it('when the thread is lost leaves the call to its end, and rejects the report', async () => {
    const { call, notified } = await talking({ steps: [{ kind: 'play-tone', hz: 400, ms: 60_000 }], lastsMs: 1000 });
    world.testPhones.last.lose();
    await world.elapse(5000);
    expect(notified.at(-1)).toBe('callee ended 200 hangup');
    await expect(call.report).rejects.toThrow();
  });

  it('after a hang-up that came while the port was opened harms nobody, and the port is freed', async () => {
    world.testPhones.opensAfterMs = 100;
    const { call, notified } = world.placeTest();
    await world.elapse(10);
    call.hangUp();
    call.hangUp();
    expect(notified).toEqual(['over: request']);
    expect(await call.report).toMatchObject({ heard: null });
    await world.elapse(1000);
    expect(world.testPhones.last.state).toBe('finished');
    const lost = world.placeTest();
    lost.call.hangUp();
    world.testPhones.isFull = true;
    await world.elapse(1000);
    expect(await lost.call.report).toMatchObject({ heard: null });
  });
});
