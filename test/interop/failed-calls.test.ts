import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SippReport } from '../support/sipp.ts';
import { Stage } from './stage.ts';
import {
  answers,
  hangsUp,
  isAcknowledged,
  isCancelled,
  isHungUp,
  isInvited,
  isTerminated,
  pause,
  refuses,
  rings,
  type Step,
  takesCall,
  takesOffer,
} from './steps.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ lines: 24 });
});

afterAll(() => stage.close());

const NEVER_CALLED = { role: 'callee', state: 'ended', sip_status: null, q850_cause: null, reason: null };
const HUNG_UP = { state: 'ended', sip_status: 200, q850_cause: 16, reason: 'hangup' };
const CANCELLED = { state: 'ended', sip_status: 487, q850_cause: 16, reason: 'cancelled' };

const refusals = [
  ['486 Busy Here', { outcome: 'busy', q850_cause: 17, reason: 'busy' }],
  ['603 Decline', { outcome: 'declined', q850_cause: 21, reason: 'declined' }],
  ['404 Not Found', { outcome: 'unreachable', q850_cause: 1, reason: 'not-found' }],
  ['480 Temporarily Unavailable', { outcome: 'unreachable', q850_cause: 18, reason: 'unavailable' }],
  ['503 Service Unavailable', { outcome: 'failed', q850_cause: 41, reason: 'service-unavailable' }],
] as const;

const ringsUntilCancelled: Step[] = [isInvited, rings, ...isTerminated];
/** Answers just when the CANCEL has come: must be acknowledged and hung up. */
const answersTheCancel: Step[] = [isInvited, rings, ...isCancelled, answers, isAcknowledged, ...isHungUp];

const reasonOf = (report: SippReport, method: string): string | undefined =>
  /^Reason: (.*)$/im
    .exec(
      report.messages.find(({ direction, text }) => direction === 'received' && text.startsWith(method))?.text ?? '',
    )?.[1]
    ?.trim();

describe("the user's phone cannot be had", () => {
  it.each(refusals)('%s: the destination is not dialled', async (status, { outcome, ...leg }) => {
    const call = await stage.place({ phone: [isInvited, ...refuses(status)] });
    const { call: ended } = await call.finished();
    const sipStatus = Number(status.slice(0, 3));
    expect(ended).toMatchObject({
      outcome,
      ended_by: 'caller',
      ended_leg: 'caller',
      talk_seconds: null,
      legs: [{ state: 'ended', sip_status: sipStatus, ...leg }, NEVER_CALLED],
    });
  });

  it('nobody answers within the timeout: cancelled, no-answer', async () => {
    const call = await stage.place({ phone: ringsUntilCancelled }, { timeout: '5' });
    const ringing = await call.untilLeg('caller', 'ringing');
    expect(ringing).toMatchObject({ state: 'calling', legs: [{ sip_status: 180 }, { state: 'created' }] });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'no-answer',
      ended_by: 'system',
      ended_leg: 'caller',
      legs: [{ sip_status: 487, q850_cause: 19, reason: 'no-answer' }, NEVER_CALLED],
    });
  });

  it('PUT while it rings: cancelled', async () => {
    const call = await stage.place({ phone: ringsUntilCancelled });
    await call.untilLeg('caller', 'ringing');
    expect(await call.stop()).toMatchObject({
      state: 'ended',
      outcome: 'cancelled',
      ended_by: 'user',
      ended_leg: null,
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'cancelled', ended_by: 'user', legs: [CANCELLED, NEVER_CALLED] });
  });

  it('an answer that crosses the CANCEL: acknowledged and hung up', async () => {
    const call = await stage.place({ phone: answersTheCancel });
    await call.untilLeg('caller', 'ringing');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'cancelled',
      ended_by: 'user',
      legs: [{ sip_status: 200, q850_cause: 16, reason: 'cancelled' }, NEVER_CALLED],
    });
  });

  it('PUT before the phone has said anything: cancelled as soon as it rings', async () => {
    const call = await stage.place({ phone: [isInvited, pause(700), rings, ...isTerminated] });
    expect(await call.stop()).toMatchObject({ state: 'ended', outcome: 'cancelled', ended_by: 'user' });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'cancelled', legs: [CANCELLED, NEVER_CALLED] });
  });
});

describe('the destination cannot be had', () => {
  it.each([
    ['480 after ringing', [rings, ...refuses('480 Temporarily Unavailable')], 'no-answer', 18],
    ["403 with the carrier's own cause 19", refuses('403 Forbidden', ['Reason: Q.850;cause=19']), 'no-answer', 19],
    ['302', refuses('302 Moved Temporarily'), 'failed', null],
  ] as const)('%s has the outcome of the table', async (_name, refusal, outcome, cause) => {
    const call = await stage.place({ phone: [...takesCall, ...isHungUp], carrier: [isInvited, ...refusal] });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome, ended_by: 'callee', talk_seconds: null, legs: [{}, { q850_cause: cause }] });
  });

  it.each(refusals)('%s: told to the user in the BYE', async (status, { outcome, ...leg }) => {
    const next = status.startsWith('5') ? { nextCarrier: [isInvited, ...refuses(status)] } : {};
    const call = await stage.place({
      phone: [...takesCall, ...isHungUp],
      carrier: [isInvited, ...refuses(status)],
      ...next,
    });
    const { call: ended, phone } = await call.finished();
    const sipStatus = Number(status.slice(0, 3));
    expect(ended).toMatchObject({
      outcome,
      ended_by: 'callee',
      ended_leg: 'callee',
      legs: [
        { state: 'ended', sip_status: 200 },
        { state: 'ended', sip_status: sipStatus, ...leg },
      ],
    });
    expect(reasonOf(phone, 'BYE')).toContain(`SIP;cause=${sipStatus}`);
    expect(reasonOf(phone, 'BYE')).toContain(`Q.850;cause=${leg.q850_cause}`);
  });

  it('503 of the first trunk: the next one is asked and answers', async () => {
    const call = await stage.place({
      phone: [...takesCall, ...takesOffer, ...isHungUp],
      carrier: [isInvited, ...refuses('503 Service Unavailable')],
      nextCarrier: [...takesCall, ...isHungUp],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', legs: [HUNG_UP, HUNG_UP] });
  });

  it('nobody answers within the destination_timeout: CANCEL, then BYE to the user', async () => {
    const call = await stage.place(
      { phone: [...takesCall, ...isHungUp], carrier: ringsUntilCancelled },
      { destination_timeout: '5' },
    );
    const ringing = await call.untilLeg('callee', 'ringing');
    expect(ringing).toMatchObject({ state: 'dialling', legs: [{ state: 'answered' }, { sip_status: 180 }] });
    const { call: ended, phone } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'no-answer',
      ended_by: 'system',
      ended_leg: 'callee',
      legs: [{ sip_status: 200 }, { sip_status: 487, q850_cause: 19, reason: 'no-answer' }],
    });
    expect(reasonOf(phone, 'BYE')).toContain('Q.850;cause=19');
  });

  it('the user hangs up while it rings: cancelled', async () => {
    const call = await stage.place({ phone: [...takesCall, pause(400), ...hangsUp], carrier: ringsUntilCancelled });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'cancelled',
      ended_by: 'caller',
      ended_leg: 'caller',
      legs: [HUNG_UP, CANCELLED],
    });
  });

  it('PUT while it rings: CANCEL to it, BYE to the user', async () => {
    const call = await stage.place({ phone: [...takesCall, ...isHungUp], carrier: ringsUntilCancelled });
    await call.untilLeg('callee', 'ringing');
    expect(await call.stop()).toMatchObject({
      state: 'ended',
      outcome: 'cancelled',
      ended_by: 'user',
      ended_leg: null,
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'cancelled', legs: [HUNG_UP, CANCELLED] });
  });

  it('its answer crosses the CANCEL: acknowledged and hung up', async () => {
    const call = await stage.place({ phone: [...takesCall, ...isHungUp], carrier: answersTheCancel });
    await call.untilLeg('callee', 'ringing');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({
      outcome: 'cancelled',
      ended_by: 'user',
      legs: [HUNG_UP, { sip_status: 200, q850_cause: 16, reason: 'cancelled' }],
    });
    expect(ended.talk_seconds).toBeNull();
  });
});
