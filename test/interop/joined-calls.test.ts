import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SippReport } from '../support/sipp.ts';
import { Stage, TRUNK_CREDENTIALS } from './stage.ts';
import {
  answers,
  answersElsewhere,
  answersFromFork,
  answersOnce,
  hangsUp,
  hangsUpAcross,
  holds,
  isAcknowledged,
  isHeld,
  isHungUp,
  isInvited,
  pause,
  refuses,
  rings,
  sendsEarlyMedia,
  takesCall,
  takesOffer,
} from './steps.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ lines: 16 });
});

afterAll(() => stage.close());

const HUNG_UP = { state: 'ended', sip_status: 200, q850_cause: 16, reason: 'hangup' };

const phoneJoined = [...takesCall, ...takesOffer];

const received = (report: SippReport, method: string): string[] =>
  report.messages
    .filter(({ direction, text }) => direction === 'received' && text.startsWith(method))
    .map(({ text }) => text);

describe('a call that both sides answer', () => {
  it('is ended on both legs by PUT, whose reply does not wait for them', async () => {
    const call = await stage.place({ phone: [...phoneJoined, ...isHungUp], carrier: [...takesCall, ...isHungUp] });
    expect(await call.untilState('connected')).toMatchObject({
      outcome: null,
      legs: [
        { role: 'caller', state: 'answered', sip_status: 200 },
        { role: 'callee', state: 'answered', sip_status: 200 },
      ],
    });
    expect(await stage.rest.list()).toMatchObject([{ token_call: call.token }]);
    expect(await call.stop()).toMatchObject({
      state: 'ended',
      outcome: 'completed',
      ended_by: 'user',
      ended_leg: null,
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user', ended_leg: null, legs: [HUNG_UP, HUNG_UP] });
    expect(stage.eventsOf(call.token).slice(0, -2)).toEqual([
      ...['call.created', 'leg.calling', 'call.calling', 'leg.ringing', 'leg.answered', 'call.dialling'],
      ...['leg.calling', 'leg.ringing', 'leg.answered', 'call.connected', 'call.ended'],
    ]);
  });

  it("shows each side the other's media in an o= line of the leg's own", async () => {
    const call = await stage.place({ phone: [...phoneJoined, ...isHungUp], carrier: [...takesCall, ...isHungUp] });
    await call.untilState('connected');
    await call.stop();
    const { phone, carrier } = await call.finished();
    const [first, joining] = received(phone, 'INVITE');
    const [dialled] = received(carrier, 'INVITE');
    const answerOf = (report: SippReport) =>
      /m=audio (\d+)/.exec(
        report.messages.find(({ direction, text }) => direction === 'sent' && text.includes('m=audio'))?.text ?? '',
      )?.[1];
    expect(/m=audio (\d+)/.exec(dialled ?? '')?.[1]).toBe(answerOf(phone));
    expect(/m=audio (\d+)/.exec(joining ?? '')?.[1]).toBe(answerOf(carrier));
    const origin = (text = '') => /^o=\S+ (\d+) (\d+)/m.exec(text)?.slice(1).map(Number);
    const [session, version] = origin(first) ?? [];
    expect(origin(joining)).toEqual([session, (version ?? 0) + 1]);
    expect(origin(dialled)?.[0]).not.toBe(session);
  });

  it('is completed by the hang-up of the user', async () => {
    const call = await stage.place({
      phone: [...phoneJoined, pause(300), ...hangsUp],
      carrier: [...takesCall, ...isHungUp],
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'completed',
      ended_by: 'caller',
      ended_leg: 'caller',
      legs: [HUNG_UP, HUNG_UP],
    });
  });

  it('is completed by the hang-up of the destination', async () => {
    const call = await stage.place({
      phone: [...phoneJoined, ...isHungUp],
      carrier: [...takesCall, pause(300), ...hangsUp],
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'completed',
      ended_by: 'callee',
      ended_leg: 'callee',
      legs: [HUNG_UP, HUNG_UP],
    });
  });

  it('ends once when the BYEs of all sides cross', async () => {
    const call = await stage.place({
      phone: [...phoneJoined, ...hangsUpAcross],
      carrier: [...takesCall, ...hangsUpAcross],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user', ended_leg: null, legs: [HUNG_UP, HUNG_UP] });
  });

  it('acknowledges a 200 again whose ACK was lost', async () => {
    const call = await stage.place({
      phone: [...phoneJoined, ...isHungUp],
      carrier: [isInvited, rings, answersOnce, isAcknowledged, pause(500), answersOnce, isAcknowledged, ...isHungUp],
      extra: ['-nr'],
    });
    await call.untilState('connected');
    await new Promise((resolve) => setTimeout(resolve, 800));
    await call.stop();
    const { call: ended, carrier } = await call.finished();
    const [ack, again] = received(carrier, 'ACK');
    expect(again).toBe(ack);
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user' });
  });

  it('keeps the first of two answers of a fork and hangs up the other', async () => {
    const call = await stage.place({
      phone: [...phoneJoined, ...isHungUp],
      carrier: [...takesCall, answersFromFork, isAcknowledged, ...isHungUp, ...isHungUp],
      extra: ['-nr'],
    });
    await call.untilState('connected');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await call.stop();
    const { call: ended, carrier } = await call.finished();
    const hungUp = received(carrier, 'BYE').map((text) => /^To:.*;tag=(\S+)/m.exec(text)?.[1]);
    expect(hungUp[0]).toMatch(/^fork/);
    expect(hungUp[1]).not.toMatch(/^fork/);
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user' });
  });

  it("carries the user's hold to the destination and its answer back", async () => {
    const call = await stage.place({
      phone: [...phoneJoined, pause(200), ...holds, ...isHungUp],
      carrier: [...takesCall, ...isHeld, ...isHungUp],
    });
    await call.untilState('connected');
    await new Promise((resolve) => setTimeout(resolve, 600));
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user' });
  });

  it('ends both legs when the user refuses to be joined', async () => {
    const call = await stage.place({
      phone: [...takesCall, isInvited, ...refuses('488 Not Acceptable Here'), ...isHungUp],
      carrier: [...takesCall, ...isHungUp],
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'failed', ended_by: 'caller', ended_leg: 'caller' });
    expect(ended.talk_seconds).toBeNull();
  });
});

describe('early media', () => {
  it('is offered to the user, who is not asked again when the answer has the same', async () => {
    const call = await stage.place({
      phone: [...phoneJoined, ...isHungUp],
      carrier: [isInvited, sendsEarlyMedia, pause(400), answers, isAcknowledged, ...isHungUp],
    });
    expect(await call.untilLeg('callee', 'ringing')).toMatchObject({
      state: 'dialling',
      legs: [{}, { sip_status: 183 }],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user', legs: [HUNG_UP, HUNG_UP] });
  });

  it('is followed by another offer when the answer is elsewhere', async () => {
    const call = await stage.place({
      phone: [...phoneJoined, ...takesOffer, ...isHungUp],
      carrier: [isInvited, sendsEarlyMedia, pause(400), answersElsewhere, isAcknowledged, ...isHungUp],
    });
    await call.untilState('connected');
    await call.stop();
    const { phone, carrier } = await call.finished();
    const offered = received(phone, 'INVITE').map((text) => /m=audio (\d+)/.exec(text)?.[1]);
    const shown = carrier.messages.filter(({ direction, text }) => direction === 'sent' && text.includes('m=audio'));
    expect(offered.slice(1)).toEqual(shown.map(({ text }) => /m=audio (\d+)/.exec(text)?.[1]));
    expect(offered[2]).not.toBe(offered[1]);
  });
});

describe('a trunk that asks for credentials', () => {
  const REALM = 'carrier.example';
  const NONCE = '47ebe028cda119c35d4877b383027d28da013815';

  const challenge = (algorithm: string) =>
    refuses('407 Proxy Authentication Required', [
      `Proxy-Authenticate: Digest realm="${REALM}", nonce="${NONCE}", algorithm=${algorithm}, qop="auth"`,
    ]);

  const field = (header: string, name: string): string =>
    new RegExp(`\\b${name}="?([^",\\s]+)`).exec(header)?.[1] ?? '';

  /** RFC 7616 section 3.4, anew. */
  const expectedResponse = (header: string, hash: string): string => {
    const digest = (text: string): string => createHash(hash).update(text).digest('hex');
    const { username, password } = TRUNK_CREDENTIALS;
    const secret = digest(`${username}:${REALM}:${password}`);
    const request = digest(`INVITE:${field(header, 'uri')}`);
    return digest([secret, NONCE, field(header, 'nc'), field(header, 'cnonce'), 'auth', request].join(':'));
  };

  it.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
  ])('gets them in the digest that it named: %s', async (algorithm, hash) => {
    const call = await stage.place({
      phone: [...phoneJoined, ...isHungUp],
      carrier: [isInvited, ...challenge(algorithm), ...takesCall, ...isHungUp],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended, carrier } = await call.finished();
    const [asked = '', proved = ''] = received(carrier, 'INVITE');
    const header = /^Proxy-Authorization: (.*)$/im.exec(proved)?.[1]?.trim() ?? '';
    expect(field(header, 'username')).toBe(TRUNK_CREDENTIALS.username);
    expect(field(header, 'uri')).toBe(/^INVITE (\S+)/.exec(proved)?.[1]);
    expect(field(header, 'response')).toBe(expectedResponse(header, hash));
    const cseq = (text: string): number => Number(/^CSeq: (\d+)/m.exec(text)?.[1]);
    expect(cseq(proved)).toBe(cseq(asked) + 1);
    expect(/^Call-ID: (.*)$/m.exec(proved)?.[1]).toBe(/^Call-ID: (.*)$/m.exec(asked)?.[1]);
    expect(ended).toMatchObject({ outcome: 'completed', legs: [HUNG_UP, HUNG_UP] });
  });

  it('is not asked a third time when it refuses them', async () => {
    const call = await stage.place({
      phone: [...takesCall, ...isHungUp],
      carrier: [isInvited, ...challenge('MD5'), isInvited, ...challenge('MD5')],
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'failed',
      ended_by: 'callee',
      legs: [{ state: 'ended' }, { sip_status: 407, q850_cause: 21, reason: 'unauthorized' }],
    });
  });
});
