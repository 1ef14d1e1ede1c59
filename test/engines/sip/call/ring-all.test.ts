import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Endpoint } from '../../../../src/calls/call-engine.ts';
import type { IncomingSession } from '../../../../src/sip/user-agent.ts';
import type { Party } from '../../../sip/session/party.ts';
import { expectNothingLeft, mediaOf, type PlacedCall, SipWorld } from '../../../support/sip-world.ts';

let world: SipWorld;

beforeEach(async () => {
  world = await SipWorld.started({ busyToneMs: 0 });
});

afterEach(() => expectNothingLeft(world));

const DESK = 'sip:alice@10.0.0.2';
const SOFT = 'sip:alice@10.0.0.4';
const phones: Endpoint[] = [DESK, SOFT].map((uri) => ({ kind: 'address', uri }));

/** Rings both phones of the user; the carrier answers. */
const place = (): PlacedCall => {
  world.answering(world.carrier, { media: mediaOf({ port: 5000 }) });
  return world.place({ caller: phones });
};

const after = (party: Party, milliseconds: number, act: (session: IncomingSession) => void): void => {
  party.listen((session) => {
    session.progress(180);
    world.clock.setTimer(milliseconds, () => act(session));
  });
};

const textTo = (party: Party, method: string): string =>
  world.network.sent.find(({ startLine, to }) => startLine.startsWith(method) && to === `${party.transport.host}:5060`)
    ?.text ?? '';

describe('several phones of a user', () => {
  it('ring at once; the first that answers has the call, the others hear that it was completed elsewhere', async () => {
    after(world.phone, 5000, (session) => session.accept(mediaOf()));
    after(world.nextCarrier, 1000, (session) => session.accept(mediaOf({ port: 4400 })));
    const { call, notified } = place();
    await world.elapse(3000);
    expect(world.sentTo(world.phone)).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(textTo(world.phone, 'CANCEL')).toContain('Reason: SIP;cause=200;text="Call completed elsewhere"');
    expect(notified).toEqual([
      `caller calling ${DESK}`,
      'caller ringing 180',
      `caller calling ${SOFT}`,
      'caller answered',
      'callee calling +12025550100',
      'callee ringing 180',
      'callee answered',
      'joined',
    ]);
    call.hangUp();
    await world.elapse(1000);
    expect(notified.slice(8)).toEqual(['over: request', 'caller ended 200 hangup', 'callee ended 200 hangup']);
  });

  it('that answer at the same moment: the second gets ACK and BYE, and the call goes on', async () => {
    after(world.phone, 1000, (session) => session.accept(mediaOf()));
    after(world.nextCarrier, 1000, (session) => session.accept(mediaOf({ port: 4400 })));
    const { call, notified } = place();
    await world.elapse(2000);
    expect(notified).toContain('joined');
    const sent = [world.phone, world.nextCarrier].map((party) => world.sentTo(party).join(' '));
    expect(sent.filter((methods) => methods.includes('BYE'))).toHaveLength(1);
    call.hangUp();
    await world.elapse(1000);
    expect(notified.filter((text) => text.startsWith('caller ended'))).toHaveLength(1);
  });

  it('of which one is busy: the other rings on', async () => {
    after(world.phone, 100, (session) => session.reject(486));
    after(world.nextCarrier, 2000, (session) => session.accept(mediaOf({ port: 4400 })));
    const { call, notified } = place();
    await world.elapse(4000);
    expect(notified).toContain('joined');
    call.hangUp();
    await world.elapse(1000);
  });

  it('of which one declines for everywhere: all stop', async () => {
    after(world.phone, 1000, (session) => session.reject(603));
    after(world.nextCarrier, 9000, (session) => session.accept(mediaOf()));
    const { notified } = place();
    await world.elapse(2000);
    expect(notified.slice(2)).toEqual(['over: caller response 603 declined', 'caller ended 603 declined']);
    expect(world.sentTo(world.nextCarrier)).toEqual(['INVITE', 'CANCEL', 'ACK']);
  });

  it('that all refuse: the best response is shown, with the phone that gave it', async () => {
    after(world.phone, 100, (session) => session.reject(500));
    after(world.nextCarrier, 1000, (session) => session.reject(486));
    const { notified } = place();
    await world.elapse(3000);
    expect(notified.slice(2)).toEqual([
      `caller calling ${SOFT}`,
      'over: caller response 486 busy',
      'caller ended 486 busy',
    ]);
  });

  it('that nobody takes: our timer ends them together', async () => {
    after(world.phone, 90_000, () => undefined);
    after(world.nextCarrier, 90_000, () => undefined);
    const { notified } = place();
    await world.elapse(100_000);
    expect(notified.slice(2)).toEqual(['over: caller timed-out 487 no-answer', 'caller ended 487 no-answer']);
    expect(world.sentTo(world.phone)).toEqual(['INVITE', 'CANCEL', 'ACK']);
  });

  it('of which one is gone: it holds nobody up', async () => {
    world.network.lose = (_text, to) => to === '10.0.0.2:5060';
    after(world.nextCarrier, 1000, (session) => session.accept(mediaOf({ port: 4400 })));
    const { call, notified } = place();
    await world.elapse(3000);
    expect(notified).toContain('joined');
    call.hangUp();
    await world.elapse(1000);
  });

  it('that the caller takes back are all cancelled, and the leg ends once', async () => {
    after(world.phone, 90_000, () => undefined);
    after(world.nextCarrier, 90_000, () => undefined);
    const { call, notified } = place();
    await world.elapse(1000);
    call.hangUp();
    await world.elapse(1000);
    expect(notified.slice(2)).toEqual(['over: request', 'caller ended 487 cancelled']);
    expect([world.phone, world.nextCarrier].map((party) => world.sentTo(party).join(' '))).toEqual([
      'INVITE CANCEL ACK',
      'INVITE CANCEL ACK',
    ]);
  });
});

describe('an extension with several phones', () => {
  it('rings all of them with the user’s own media; one plays to the user, the first that answers is joined', async () => {
    world.answering(world.phone);
    const early = mediaOf({ port: 5001 });
    world.carrier.listen((session) => session.progress(183, early));
    after(world.nextCarrier, 2000, (session) => session.accept(mediaOf({ port: 4400 })));
    const callee: Endpoint[] = ['sip:bob@10.0.0.3', 'sip:bob@10.0.0.4'].map((uri) => ({ kind: 'address', uri }));
    const { call, notified } = world.place({ callee, destinationDisplay: '201' });
    await world.elapse(1000);
    expect(world.shownTo(world.phone).at(-1)).toContain('m=audio 5001');
    await world.elapse(3000);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.phone).at(-1)).toContain('m=audio 4400');
    expect(textTo(world.carrier, 'CANCEL')).toContain('Call completed elsewhere');
    call.hangUp();
    await world.elapse(1000);
  });
});
