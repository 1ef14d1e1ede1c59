import type { EngineEvent, LegCause, Verdict } from './call-engine.ts';
import type { CallEventName, CallEventPayloads, Change } from './call-events.ts';
import { type CallState, callTransitions, type LegRole, type LegState, legTransitions } from './call-state.ts';
import type { CallRecord, LegRecord } from './call-store.ts';
import { type Ending, endingOf } from './outcome.ts';

/*
 * The call as a pure function: a record and what happened give the changes. An input that the tables of
 * call-state.ts do not allow changes nothing: that is how a call ends once, whatever races.
 */

const roles: readonly LegRole[] = ['caller', 'callee'];

const legOf = (call: CallRecord, role: LegRole): LegRecord => call.legs[role === 'caller' ? 0 : 1];

const withLeg = (call: CallRecord, leg: LegRecord): CallRecord => ({
  ...call,
  legs: leg.role === 'caller' ? [leg, call.legs[1]] : [call.legs[0], leg],
});

const mayBecome = (leg: LegRecord, state: LegState): boolean => legTransitions[leg.state].includes(state);

const change = <Name extends CallEventName>(
  call: CallRecord,
  legs: readonly LegRole[],
  event: { readonly name: Name; readonly payload: CallEventPayloads[Name]; readonly at: number },
): Change => ({ call, legs, ...event });

/** Appends the change of the call's own state, where the table allows it. */
const thenCall = (
  changes: readonly Change[],
  call: CallRecord,
  next: { readonly state: Exclude<CallState, 'created' | 'ended'>; readonly at: number },
): readonly Change[] => {
  if (!callTransitions[call.state].includes(next.state)) return changes;
  const connectedAt = next.state === 'connected' ? next.at : call.connectedAt;
  const name = `call.${next.state}` as const;
  return [...changes, change({ ...call, state: next.state, connectedAt }, [], { name, payload: {}, at: next.at })];
};

type LegEvent<Type extends EngineEvent['type']> = Extract<EngineEvent, { type: Type }>;

const legCalling = (before: CallRecord, event: LegEvent<'leg-calling'>, at: number): readonly Change[] => {
  const leg = legOf(before, event.leg);
  if (!mayBecome(leg, 'calling')) return [];
  const { address } = event;
  const call = withLeg(before, { ...leg, address, state: 'calling' });
  const payload = { leg: event.leg, address };
  const changes = [change(call, [event.leg], { name: 'leg.calling', payload, at })];
  return event.leg === 'caller' ? thenCall(changes, call, { state: 'calling', at }) : changes;
};

const legRinging = (before: CallRecord, { leg: role, sipStatus }: LegEvent<'leg-ringing'>, at: number): Change[] => {
  const leg = legOf(before, role);
  if (!mayBecome(leg, 'ringing')) return [];
  const call = withLeg(before, { ...leg, state: 'ringing', sipStatus, ringingAt: at });
  return [change(call, [role], { name: 'leg.ringing', payload: { leg: role, address: leg.address, sipStatus }, at })];
};

const legAnswered = (before: CallRecord, event: LegEvent<'leg-answered'>, at: number): readonly Change[] => {
  const { leg: role, sipStatus } = event;
  const leg = legOf(before, role);
  if (!mayBecome(leg, 'answered')) return [];
  const answered = withLeg(before, { ...leg, state: 'answered', sipStatus, answeredAt: at });
  const call = role === 'callee' ? { ...answered, answeredAt: at } : answered;
  const payload = { leg: role, address: leg.address, sipStatus };
  const changes = [change(call, [role], { name: 'leg.answered', payload, at })];
  return role === 'caller' ? thenCall(changes, call, { state: 'dialling', at }) : changes;
};

/** Media joins only what has answered. */
const joined = (call: CallRecord, at: number): readonly Change[] =>
  call.legs.every((leg) => leg.state === 'answered') ? thenCall([], call, { state: 'connected', at }) : [];

const withCause = (leg: LegRecord, { sipStatus, q850Cause, reason }: LegCause): LegRecord => ({
  ...leg,
  sipStatus: sipStatus ?? leg.sipStatus,
  q850Cause: q850Cause ?? leg.q850Cause,
  reason,
});

const legEnded = (before: CallRecord, { leg: role, cause }: LegEvent<'leg-ended'>, at: number): Change[] => {
  const leg = legOf(before, role);
  if (!mayBecome(leg, 'ended')) return [];
  const ended = { ...withCause(leg, cause), state: 'ended', endedAt: at } as const;
  const { address, sipStatus, q850Cause, reason } = ended;
  const payload = { leg: role, address, sipStatus, q850Cause, reason };
  return [change(withLeg(before, ended), [role], { name: 'leg.ended', payload, at })];
};

/** A leg that was called is still to be taken down; one that was not has nothing to wait for. */
const leaving = (leg: LegRecord, at: number): LegRecord => {
  if (leg.state === 'created') return { ...leg, state: 'ended', endedAt: at };
  return mayBecome(leg, 'ending') ? { ...leg, state: 'ending' } : leg;
};

/** Ends a call. Nothing on a call that has ended: the first decision stands. */
export const end = (before: CallRecord, ending: Ending, at: number): readonly Change[] => {
  if (!callTransitions[before.state].includes('ended')) return [];
  const [caller, callee] = before.legs;
  const legs = [leaving(caller, at), leaving(callee, at)] as const;
  const call: CallRecord = { ...before, ...ending, state: 'ended', endedAt: at, legs };
  const changed = roles.filter((role) => legOf(call, role) !== legOf(before, role));
  return [change(call, changed, { name: 'call.ended', payload: ending, at })];
};

/** The deciding leg shows why already when the end is published; its own `leg.ended` follows. */
const over = (before: CallRecord, verdict: Verdict, at: number): readonly Change[] => {
  const ending = endingOf(before, verdict);
  if (verdict.by === 'request' || verdict.by === 'engine') return end(before, ending, at);
  return end(withLeg(before, withCause(legOf(before, verdict.leg), verdict.cause)), ending, at).map((ended) => ({
    ...ended,
    legs: roles.filter((role) => legOf(ended.call, role) !== legOf(before, role)),
  }));
};

/** Ends the legs of a call that no engine carries any more. */
export const abandonLegs = (before: CallRecord, cause: LegCause, at: number): readonly Change[] => {
  const changes: Change[] = [];
  for (const leg of roles) {
    changes.push(...legEnded(changes.at(-1)?.call ?? before, { type: 'leg-ended', leg, cause }, at));
  }
  return changes;
};

/** What an engine's event makes of a call: no change, one, or two (the leg and then the call). */
export const advance = (call: CallRecord, event: EngineEvent, at: number): readonly Change[] => {
  switch (event.type) {
    case 'leg-calling':
      return legCalling(call, event, at);
    case 'leg-ringing':
      return legRinging(call, event, at);
    case 'leg-answered':
      return legAnswered(call, event, at);
    case 'joined':
      return joined(call, at);
    case 'over':
      return over(call, event.verdict, at);
    case 'leg-ended':
      return legEnded(call, event, at);
  }
};

/** Whether nothing more can happen to a call. */
export const isFinished = (call: CallRecord): boolean =>
  call.state === 'ended' && call.legs.every((leg) => leg.state === 'ended');
