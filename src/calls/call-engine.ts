import type { LegRole } from './call-state.ts';
import type { TestReport, TestScript } from './test-call.ts';

/** Where a phone of a user can be rung. */
export type PhoneEndpoint =
  /** A SIP name that registers with us. */
  | { readonly kind: 'registered'; readonly account: string }
  /** A fixed SIP address, `sip:200@10.0.0.5`. */
  | { readonly kind: 'address'; readonly uri: string }
  /** A number in E.164 with its `+`, reached through a trunk. `dialled`: the digits as they were dialled, where they were. */
  | { readonly kind: 'number'; readonly number: string; readonly dialled?: string };

/** Where a leg can be rung. An engine that has located it may add what it found, in its own terms. */
export type Endpoint =
  | PhoneEndpoint
  /** Digits that are no number of the world, which the pattern of a route takes as they are: those of a PBX, a short code. */
  | { readonly kind: 'pattern'; readonly digits: string; readonly pattern: string };

/** Whether the user's phone is to answer by itself. */
export type AnswerWish = 'automatic' | 'manual';

/** All that an engine needs to know to carry a call. */
export interface CallPlan {
  /** The call's public token: ties the engine's log to the journal. */
  readonly tokenCall: string;
  /** The phones of the user as they were located: all of them ring at once. */
  readonly caller: readonly Endpoint[];
  /** The same for the destination. One that was not located yet is when its leg is rung. */
  readonly callee: readonly Endpoint[];
  /** What the user's phone shows while it rings: the destination. */
  readonly destinationDisplay: string;
  /** What the destination's phone shows: a number in E.164 or an extension; absent: the trunk's own. */
  readonly callerId?: string;
  /** Whether the user's phone is to answer by itself; absent: as it is configured. */
  readonly answer?: AnswerWish;
  /** What is to be dialled once the destination has answered: digits, `*`, `#`, and `,` for a pause. Nothing keeps it. */
  readonly digitsAfterAnswer?: string;
  /** How long the user's phone may ring before we give up. */
  readonly timeoutSeconds: number;
  /** How long the destination may ring, early media included. */
  readonly destinationTimeoutSeconds: number;
}

/** All that an engine needs to know to carry a test call: there is no phone of a user, and a script instead. */
export interface TestPlan extends Omit<CallPlan, 'caller' | 'timeoutSeconds' | 'answer' | 'digitsAfterAnswer'> {
  readonly script: TestScript;
}

/** Why a leg is over, in the words of the API: a SIP status, a Q.850 cause and one stable word. */
export interface LegCause {
  /** The final response of the leg; null where none came. */
  readonly sipStatus: number | null;
  /** ITU-T Q.850 cause, by the table of RFC 3398 section 8.2.6.1; null where none applies. */
  readonly q850Cause: number | null;
  /** A stable word such as `busy`, `declined`, `timeout`, `hangup`. */
  readonly reason: string;
}

/**
 * What an engine reports of a call that it carries, in the order in which it happened. Two rules:
 * `over` comes exactly once and before any `leg-ended`; each leg that was `calling` gets exactly one `leg-ended`.
 */
export type EngineEvent =
  /**
   * The INVITE of the leg has left towards `address`, over the trunk of that name where it needs one. Again, with another
   * address or trunk, when the next one is tried.
   */
  | {
      readonly type: 'leg-calling';
      readonly leg: LegRole;
      readonly address: string;
      readonly trunk?: string | undefined;
    }
  | { readonly type: 'leg-ringing'; readonly leg: LegRole; readonly sipStatus: number }
  /** Without a status: the test phone, which nothing rings. */
  | { readonly type: 'leg-answered'; readonly leg: LegRole; readonly sipStatus: number | null }
  /** Both legs have answered and their media was joined. */
  | { readonly type: 'joined' }
  /** The call's fate is decided; teardown has begun. */
  | { readonly type: 'over'; readonly verdict: Verdict }
  /** The peer has confirmed the leg's end, or 64 T1 have passed. */
  | { readonly type: 'leg-ended'; readonly leg: LegRole; readonly cause: LegCause };

/** What decided a call's fate. */
export type Verdict =
  /** `hangUp` was called. */
  | { readonly by: 'request' }
  /** A leg that had answered hung up, or its session broke. */
  | { readonly by: 'hangup'; readonly leg: LegRole; readonly cause: LegCause }
  /** A leg could not be had: a final response, our ring timer (`timedOut`), or no way to reach it (`unreachable`). */
  | {
      readonly by: 'failure';
      readonly leg: LegRole;
      readonly failure: 'response' | 'timed-out' | 'unreachable';
      readonly cause: LegCause;
    }
  /** The engine itself could not go on. */
  | { readonly by: 'engine'; readonly cause: LegCause };

/** A call in an engine's hands. */
export interface EngineCall {
  /** Ends both legs, in whatever state they are. Idempotent; the reply does not wait for the network. */
  hangUp(): void;
}

/** A test call in an engine's hands. */
export interface EngineTestCall extends EngineCall {
  /**
   * What the test phone saw, once the call is over and what was heard is measured. Rejects with a `NotMeasuredError` for
   * a fault of ours alone.
   */
  readonly report: Promise<TestReport>;
}

/** PORT: what any engine must do. Every driver passes `test/contracts/call-engine.ts`. */
export interface CallEngine {
  /** Opens listeners; resolves when calls can be placed. */
  start(): Promise<void>;

  /** Ends what is ongoing (each call still gets its events), waits for it a bounded time, closes. Idempotent. */
  stop(): Promise<void>;

  /**
   * Looks for a way to the endpoint: a registered contact, a fixed address, a trunk.
   * @returns the endpoint with what was found, for the plan: it is not looked up again. Undefined: it cannot be tried now
   */
  locate(endpoint: Endpoint): Promise<Endpoint | undefined>;

  /**
   * Takes a call. Returns at once; ringing and everything after it goes to `listener`, never within this call.
   * @throws EngineUnavailableError when the engine is not running
   */
  place(plan: CallPlan, listener: (event: EngineEvent) => void): EngineCall;

  /**
   * Takes a test call: the leg of the test phone is called and answered at once, in the turn after this one.
   * @throws EngineUnavailableError when the engine is not running
   */
  placeTest(plan: TestPlan, listener: (event: EngineEvent) => void): EngineTestCall;
}
