import { apply, causeOf, legOf, mayEnd } from './apply.ts';
import type { EngineEvent, LegCause, Verdict } from './call-engine.ts';
import { type CallFact, type Change, eventOf, type ToldName } from './call-events.ts';
import type { CallRecord, LegRecord } from './call-record.ts';
import { type CallState, callTransitions, type LegRole, type LegState, legTransitions } from './call-state.ts';
import { type Ending, endingOf } from './outcome.ts';

/*
 * What an engine's event makes of a call: the facts that the tables of call-state.ts allow, and the call after each. An
 * input that they do not allow changes nothing: that is how a call ends once, whatever races.
 */

/** When something happens, and how long the parties have been able to talk by then; null where they could not yet. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly talkMs: number | null;
}

const roles: readonly LegRole[] = ['caller', 'callee'];

const mayBecome = (leg: LegRecord, state: LegState): boolean => legTransitions[leg.state].includes(state);

const none: readonly LegRole[] = [];
const onlyCaller: readonly LegRole[] = ['caller'];
const onlyCallee: readonly LegRole[] = ['callee'];

const changedLegs = (before: CallRecord, after: CallRecord): readonly LegRole[] => {
  const isCalleeChanged = before.legs[1] !== after.legs[1];
  if (before.legs[0] === after.legs[0]) return isCalleeChanged ? onlyCallee : none;
  return isCalleeChanged ? roles : onlyCaller;
};

/** Facts that follow each other, with the call after each. */
const changesOf = (before: CallRecord, facts: readonly CallFact[], at: number): readonly Change[] => {
  let call = before;
  return facts.map((fact) => {
    const event = eventOf(fact, call.sequence + 1, at);
    const after = apply(call, event);
    const legs = changedLegs(call, after);
    call = after;
    return { call, legs, event };
  });
};

/** The change of the call's own state, where the table allows it. */
const thenCall = (call: CallRecord, state: Exclude<CallState, 'created' | 'ended'>): readonly CallFact[] =>
  callTransitions[call.state].includes(state) ? [{ name: `call.${state}`, payload: {} }] : [];

type LegEvent<Type extends EngineEvent['type']> = Extract<EngineEvent, { type: Type }>;

const legCalling = (call: CallRecord, { leg, address, trunk }: LegEvent<'leg-calling'>): readonly CallFact[] => {
  if (!mayBecome(legOf(call, leg), 'calling')) return [];
  return [
    { name: 'leg.calling', payload: { leg, address, trunk: trunk ?? null } },
    ...(leg === 'caller' ? thenCall(call, 'calling') : []),
  ];
};

const legRinging = (call: CallRecord, { leg, sipStatus }: LegEvent<'leg-ringing'>): readonly CallFact[] =>
  mayBecome(legOf(call, leg), 'ringing') ? [{ name: 'leg.ringing', payload: { leg, sipStatus } }] : [];

const legAnswered = (call: CallRecord, { leg, sipStatus }: LegEvent<'leg-answered'>): readonly CallFact[] => {
  if (!mayBecome(legOf(call, leg), 'answered')) return [];
  const then = leg === 'caller' ? thenCall(call, 'dialling') : [];
  return [{ name: 'leg.answered', payload: { leg, sipStatus } }, ...then];
};

/** Media joins only what has answered. */
const joined = (call: CallRecord): readonly CallFact[] =>
  call.legs[0].state === 'answered' && call.legs[1].state === 'answered' ? thenCall(call, 'connected') : [];

const legEnded = (call: CallRecord, { leg: role, cause }: LegEvent<'leg-ended'>): readonly CallFact[] => {
  const leg = legOf(call, role);
  if (!mayBecome(leg, 'ended')) return [];
  return [{ name: 'leg.ended', payload: { leg: role, ...causeOf(leg, cause) } }];
};

/** A call that ends, and why; `cause` is that of the leg that decided. */
export interface CallEnd extends Ending {
  readonly cause: LegCause | null;
}

/** Ends a call. Nothing on a call that has ended: the first decision stands. */
export const end = (before: CallRecord, ending: CallEnd, { at, talkMs }: Moment): readonly Change[] => {
  if (!mayEnd(before)) return [];
  const payload = { ...ending, talkMs: ending.outcome === 'completed' ? talkMs : null };
  return changesOf(before, [{ name: 'call.ended', payload }], at);
};

const over = (before: CallRecord, verdict: Verdict): CallEnd => {
  const byLeg = verdict.by === 'hangup' || verdict.by === 'failure';
  return { ...endingOf(before, verdict), cause: byLeg ? verdict.cause : null };
};

/** Ends the legs of a call that no engine carries any more. */
export const abandonLegs = (before: CallRecord, cause: LegCause, at: number): readonly Change[] =>
  changesOf(
    before,
    roles.flatMap((leg) => legEnded(before, { type: 'leg-ended', leg, cause })),
    at,
  );

const factsOf = (call: CallRecord, event: Exclude<EngineEvent, { type: 'over' }>): readonly CallFact[] => {
  switch (event.type) {
    case 'leg-calling':
      return legCalling(call, event);
    case 'leg-ringing':
      return legRinging(call, event);
    case 'leg-answered':
      return legAnswered(call, event);
    case 'joined':
      return joined(call);
    case 'leg-ended':
      return legEnded(call, event);
  }
};

/** What an engine's event makes of a call: no change, one, or two (the leg and then the call). */
export const advance = (call: CallRecord, event: EngineEvent, moment: Moment): readonly Change[] =>
  event.type === 'over'
    ? end(call, over(call, event.verdict), moment)
    : changesOf(call, factsOf(call, event), moment.at);

/** Whether nothing more can happen to a call. */
export const isFinished = (call: CallRecord): boolean =>
  call.state === 'ended' && call.legs[0].state === 'ended' && call.legs[1].state === 'ended';

/**
 * The names under which a change is told to subscribers: its own and, with the last one of a call, `call.settled`. That is
 * once, when the call and both legs are over, and stands in no row of its own: it follows from the call.
 */
export const namesOf = ({ call, event }: Pick<Change, 'call' | 'event'>): readonly ToldName[] =>
  isFinished(call) ? [event.name, 'call.settled'] : [event.name];
