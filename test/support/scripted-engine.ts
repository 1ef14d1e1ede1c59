import type {
  CallEngine,
  CallPlan,
  Endpoint,
  EngineCall,
  EngineEvent,
  EngineTestCall,
  LegCause,
  TestPlan,
  Verdict,
} from '../../src/calls/call-engine.ts';
import type { LegRole } from '../../src/calls/call-state.ts';
import { EngineUnavailableError } from '../../src/calls/errors.ts';
import type { TestReport } from '../../src/calls/test-call.ts';

export const cause = (sipStatus: number | null, reason = 'scripted'): LegCause => ({
  sipStatus,
  q850Cause: null,
  reason,
});

/** What a test phone saw of a call that was answered and was silent. */
export const aReport = (changes: Partial<TestReport> = {}): TestReport => ({
  postDialMs: 100,
  answerMs: 1000,
  talkMs: 3000,
  ringback: 'none',
  heard: null,
  digits: '',
  steps: [],
  ...changes,
});

/** A call in the engine's hands: the test says what happens to it. */
export class ScriptedCall<Plan extends CallPlan | TestPlan = CallPlan> implements EngineCall {
  readonly plan: Plan;
  hangUps = 0;
  readonly #listener: (event: EngineEvent) => void;
  readonly #onHangUp: (call: ScriptedCall<Plan>) => void;
  readonly #live = new Set<LegRole>();

  constructor(plan: Plan, listener: (event: EngineEvent) => void, onHangUp: (call: ScriptedCall<Plan>) => void) {
    this.plan = plan;
    this.#listener = listener;
    this.#onHangUp = onHangUp;
  }

  hangUp(): void {
    this.hangUps += 1;
    this.#onHangUp(this);
  }

  tell(...events: readonly EngineEvent[]): void {
    for (const event of events) {
      if (event.type === 'leg-calling') this.#live.add(event.leg);
      if (event.type === 'leg-ended') this.#live.delete(event.leg);
      this.#listener(event);
    }
  }

  /** The INVITE of a leg leaves; it rings and is answered. */
  answer(leg: LegRole): void {
    this.tell(
      { type: 'leg-calling', leg, address: `sip:${leg}@127.0.0.1` },
      { type: 'leg-ringing', leg, sipStatus: 180 },
      { type: 'leg-answered', leg, sipStatus: 200 },
    );
  }

  connect(): void {
    this.answer('caller');
    this.answer('callee');
    this.tell({ type: 'joined' });
  }

  /** The call's fate is decided, and every leg that was called confirms its end. */
  finish(verdict: Verdict): void {
    this.tell({ type: 'over', verdict });
    const ending = verdict.by === 'request' ? cause(null, 'hangup') : verdict.cause;
    for (const leg of [...this.#live]) this.tell({ type: 'leg-ended', leg, cause: ending });
  }
}

/** A test call: the test says what its phone saw as well. */
export class ScriptedTestCall extends ScriptedCall<TestPlan> implements EngineTestCall {
  readonly report: Promise<TestReport>;
  reported: (report: TestReport) => void = () => undefined;
  lost: (error: Error) => void = () => undefined;

  constructor(plan: TestPlan, listener: (event: EngineEvent) => void, onHangUp: (call: ScriptedTestCall) => void) {
    const hangUp = (): void => onHangUp(this);
    super(plan, listener, hangUp);
    this.report = new Promise((resolve, reject) => {
      this.reported = resolve;
      this.lost = reject;
    });
  }

  /** The number answers, the phone does its script, and the call ends. */
  complete(report: Partial<TestReport> = {}): void {
    this.answer('callee');
    this.tell({ type: 'joined' });
    this.finish({ by: 'hangup', leg: 'caller', cause: cause(null, 'hangup') });
    this.reported(aReport(report));
  }

  /** The number cannot be had. */
  refuse(sipStatus: number, reason = 'scripted'): void {
    this.tell({ type: 'leg-calling', leg: 'callee', address: '+12025550100' });
    this.finish({ by: 'failure', leg: 'callee', failure: 'response', cause: cause(sipStatus, reason) });
    this.reported(aReport({ answerMs: null, talkMs: null }));
  }
}

/** A CallEngine whose events the test tells. What is hung up ends in the same turn, unless the test wants it itself. */
export class ScriptedEngine implements CallEngine {
  readonly calls: ScriptedCall[] = [];
  readonly tests: ScriptedTestCall[] = [];
  /** By name: an account, an address or a number. */
  readonly unreachable = new Set<string>();
  state: 'running' | 'stopped' = 'running';
  onHangUp: (call: ScriptedCall | ScriptedTestCall) => void = (call) =>
    queueMicrotask(() => call.finish({ by: 'request' }));
  /** A test call was placed, and its phone is ready. */
  onTest: (call: ScriptedTestCall) => void = () => undefined;

  start(): Promise<void> {
    this.state = 'running';
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.state = 'stopped';
    return Promise.resolve();
  }

  locate(endpoint: Endpoint): Promise<Endpoint | undefined> {
    const names = Object.values<string>({ ...endpoint });
    return Promise.resolve(names.some((name) => this.unreachable.has(name)) ? undefined : endpoint);
  }

  place(plan: CallPlan, listener: (event: EngineEvent) => void): EngineCall {
    if (this.state === 'stopped') throw new EngineUnavailableError('The engine is stopped.');
    const call = new ScriptedCall(plan, listener, (hungUp) => this.onHangUp(hungUp));
    this.calls.push(call);
    return call;
  }

  placeTest(plan: TestPlan, listener: (event: EngineEvent) => void): EngineTestCall {
    if (this.state === 'stopped') throw new EngineUnavailableError('The engine is stopped.');
    const call = new ScriptedTestCall(plan, listener, (hungUp) => this.onHangUp(hungUp));
    this.tests.push(call);
    queueMicrotask(() => {
      call.tell(
        { type: 'leg-calling', leg: 'caller', address: 'test-phone' },
        { type: 'leg-answered', leg: 'caller', sipStatus: null },
      );
      this.onTest(call);
    });
    return call;
  }

  /** The call that was placed last. */
  get last(): ScriptedCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('no call was placed');
    return call;
  }
}
