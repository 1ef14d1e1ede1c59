import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Stage } from './stage.ts';
import {
  answers,
  answersFor,
  hangsUp,
  hangsUpAt,
  isAcknowledged,
  isHungUp,
  isInvited,
  isInvitedFor,
  isUpdated,
  pause,
  refuses,
  rings,
  sendsReliably,
  takesCall,
  takesOffer,
  updates,
} from './steps.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ lines: 12, sip: { redirect_hosts: ['127.0.0.1'] } });
});

afterAll(() => stage.close());

const LIMIT_MS = 90_000;
const WE_REFRESH = ['Require: timer', 'Session-Expires: 90;refresher=uac'];
const UPDATE_TOO = 'Allow: INVITE, ACK, BYE, UPDATE';

const joinedPhone = [...takesCall, ...takesOffer, ...isHungUp];

describe('a carrier that needs reliable provisional responses', () => {
  it('gets one PRACK; its early media are heard, and are the answer', async () => {
    const call = await stage.place({
      phone: joinedPhone,
      carrier: [isInvited, ...sendsReliably, answers, isAcknowledged, ...isHungUp],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user' });
  });

  it('moves its early media by UPDATE before the answer', async () => {
    const call = await stage.place({
      phone: [...takesCall, ...takesOffer, ...takesOffer, ...isHungUp],
      carrier: [
        isInvited,
        ...sendsReliably,
        ...updates(1, { offers: 'media' }),
        answersFor([]),
        isAcknowledged,
        ...isHungUp,
      ],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user' });
  });
});

describe('a carrier with terms of its own for sessions', () => {
  it('422: the INVITE comes again, for as long as it asks', async () => {
    const call = await stage.place({
      phone: joinedPhone,
      carrier: [
        isInvited,
        ...refuses('422 Session Interval Too Small', ['Min-SE: 3600']),
        ...isInvitedFor(3600),
        rings,
        answers,
        isAcknowledged,
        ...isHungUp,
      ],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user' });
  });

  it('refreshes the session itself, by UPDATE', async () => {
    const terms = ['Supported: timer', 'Session-Expires: 90;refresher=uac'];
    const call = await stage.place({
      phone: joinedPhone,
      carrier: [
        ...[isInvited, rings, answersFor(['Require: timer', 'Session-Expires: 90;refresher=uas']), isAcknowledged],
        ...updates(1, { offers: 'nothing', terms }),
        pause(500),
        ...hangsUpAt(2),
      ],
    });
    const { call: ended, carrier } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'callee' });
    const answer = carrier.messages.find(
      ({ direction, text }) => direction === 'received' && text.includes('CSeq: 1 UPDATE'),
    );
    expect(answer?.text).toMatch(/^Require: timer\r?$[\s\S]*^Session-Expires: 90;refresher=uac\r?$/m);
  });
});

describe('a redirect', () => {
  it('to a host that is allowed is followed', async () => {
    const call = await stage.place({
      phone: joinedPhone,
      carrier: [isInvited, ...refuses('302 Moved', ['Contact: <sip:moved@127.0.0.1:[local_port+1]>'])],
      nextCarrier: [...takesCall, ...isHungUp],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user' });
  });

  it('to any other ends the call', async () => {
    const call = await stage.place({
      phone: [...takesCall, ...isHungUp],
      carrier: [isInvited, ...refuses('302 Moved', ['Contact: <sip:moved@127.0.0.9:[local_port+1]>'])],
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'failed',
      ended_by: 'callee',
      legs: [{}, { sip_status: 302, reason: 'redirected' }],
    });
  });
});

describe('an answer whose audio is refused', () => {
  it('is no call', async () => {
    const refused = answers.replace('m=audio [media_port]', 'm=audio 0');
    const call = await stage.place({
      phone: [...takesCall, ...isHungUp],
      carrier: [isInvited, rings, refused, isAcknowledged, ...isHungUp],
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'failed', legs: [{}, { reason: 'media-not-acceptable' }] });
  });
});

describe('a session of 90 seconds', () => {
  it(
    'is refreshed after 45, by UPDATE or re-INVITE; a peer that vanished is hung up after 60',
    async () => {
      const [byUpdate, byInvite, vanished] = await Promise.all([
        stage.place({
          phone: joinedPhone,
          carrier: [
            ...[isInvited, rings, answersFor([UPDATE_TOO, ...WE_REFRESH]), isAcknowledged],
            ...isUpdated(WE_REFRESH),
            ...hangsUp,
          ],
        }),
        stage.place({
          phone: joinedPhone,
          carrier: [
            ...[isInvited, rings, answersFor(WE_REFRESH), isAcknowledged],
            ...[isInvited, answersFor(WE_REFRESH), isAcknowledged],
            ...hangsUp,
          ],
        }),
        stage.place({
          phone: joinedPhone,
          carrier: [
            ...[isInvited, rings, answersFor(['Require: timer', 'Session-Expires: 90;refresher=uas']), isAcknowledged],
            ...isHungUp,
          ],
        }),
      ]);
      const ends = await Promise.all([byUpdate, byInvite, vanished].map((call) => call.finished(LIMIT_MS)));
      expect(
        ends.map(({ call }) => [call.outcome, call.ended_by, call.legs.map(({ reason }) => reason).at(1)]),
      ).toEqual([
        ['completed', 'callee', 'hangup'],
        ['completed', 'callee', 'hangup'],
        ['completed', 'callee', 'session-expired'],
      ]);
      // The offer of the refresh is the one before, under the same version.
      const offers = ends[1]?.carrier.messages.filter(
        ({ direction, text }) => direction === 'received' && text.startsWith('INVITE'),
      );
      const [first, second] = (offers ?? []).map(({ text }) => text.slice(text.search(/^v=0/m)));
      expect(second).toBe(first);
    },
    LIMIT_MS,
  );
});
