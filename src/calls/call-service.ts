import type { Clock, Timer } from '../shared/clock.ts';
import { isOutcomeUnknown } from '../shared/errors.ts';
import { TypedEmitter } from '../shared/events.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { isFinished } from './advance.ts';
import { Call, type CallParts } from './call.ts';
import { fingerprintOf, type PlaceCall, type Requester, type Viewer } from './call-command.ts';
import type { CallEngine, CallPlan, TestPlan } from './call-engine.ts';
import type { CallEvent, CallEventMap } from './call-events.ts';
import { CallPlanner, type CallPlannerOptions, type CallRequest } from './call-planner.ts';
import type { CallPolicy } from './call-policy.ts';
import type { CallIdentity, CallRecord } from './call-record.ts';
import type { CallState, EndedBy } from './call-state.ts';
import type { CallStore, IdempotencyRecord } from './call-store.ts';
import { type CallUse, DAY_MS, lastDay, useOf } from './daily-use.ts';
import { CallNotCarriedError, CallNotFoundError, EngineUnavailableError } from './errors.ts';
import { newCall } from './new-call.ts';
import { OngoingCalls } from './ongoing-calls.ts';
import type { CallCarrier, CallRouter } from './ownership/call-router.ts';
import { recoverCalls } from './ownership/recovery.ts';
import { stopElsewhere } from './ownership/stop-elsewhere.ts';
import type { PhoneDirectory } from './phone-directory.ts';
import { type Placed, PlacementsUnderWay, replay } from './placement.ts';
import type { PlacedTest, PlaceTest } from './test-call.ts';
import { resultOf, TestResults } from './test-results.ts';
import { withdraw } from './withdraw.ts';

export interface CallServiceOptions {
  readonly store: CallStore;
  readonly engine: CallEngine;
  readonly phones: PhoneDirectory;
  readonly policy: CallPolicy;
  /** Of the routes: see `CallPlannerOptions`. */
  readonly patterns?: CallPlannerOptions['patterns'];
  /** This process, as the owner of the calls that it carries. */
  readonly nodeId: string;
  /** The way to the calls of other nodes. */
  readonly router: CallRouter;
  /** How long `close` waits for the ends of legs, in milliseconds. */
  readonly closeWithinMs: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

const TOKEN_BITS = 128;
const NO_USES: readonly CallUse[] = [];

/** What users and operators may do with calls. `changed` is emitted for every change of every call, once journalled. */
export class CallService extends TypedEmitter<CallEventMap> implements CallCarrier {
  readonly #options: CallServiceOptions;
  readonly #planner: CallPlanner;
  readonly #parts: CallParts;
  readonly #ongoing = new OngoingCalls();
  readonly #underWay = new PlacementsUnderWay();
  readonly #tests = new TestResults();
  #closing: Promise<void> | undefined;
  #drained: () => void = () => undefined;

  constructor(options: CallServiceOptions) {
    super();
    this.#options = options;
    this.#planner = new CallPlanner(options);
    const { store, clock, log } = options;
    this.#parts = {
      store,
      clock,
      log,
      published: (call, record, event) => this.#publish(call, record, event),
      disowned: (call) => this.#remove(call),
    };
  }

  /** Before the first call: closes in the journal what dead nodes left open. @returns those calls as they ended */
  recover(): Promise<readonly CallRecord[]> {
    return recoverCalls(this.#options.store, this.#options.nodeId);
  }

  /**
   * Journals a call and hands it to the engine; ringing goes on behind the reply. Where it throws, nothing was journalled.
   * @throws InvalidCommandError where a field of the command is not valid
   * @throws InvalidNumberError where the number is none, or the user's own extension
   * @throws CallerIdNotAllowedError where the user may not show the number
   * @throws DestinationBarredError where the policy bars the destination
   * @throws NoPhoneError where the user, or the extension, has no phone that could be rung
   * @throws TooManyCallsError where the user, or the service, has too many calls
   * @throws IdempotencyConflictError where the key stands for another command
   * @throws EngineUnavailableError where no calls are taken, or no route leads to the destination
   */
  async place(command: PlaceCall, requester: Requester): Promise<Placed> {
    this.#refuseWhenClosing();
    const request = await this.#planner.read(command, requester.userId);
    const { idempotencyKey: key } = command;
    if (key === undefined) return this.#place(request, requester);
    const { userId, clientId } = requester;
    const fingerprint = fingerprintOf(command, request);
    return this.#underWay.share(JSON.stringify([userId, clientId, key]), fingerprint, async () => {
      const known = await this.#options.store.findIdempotent(key, userId, clientId);
      if (known !== undefined) return replay(known, fingerprint);
      return this.#place(request, requester, { key, userId, clientId, fingerprint });
    });
  }

  /**
   * Places a test call: from the test phone, under the policy and the limits of any call. It can be watched and ended as one.
   * @throws AppError as `place` does, but for what concerns the phones of the user
   */
  async placeTest(command: PlaceTest, requester: Requester): Promise<PlacedTest> {
    const { engine, ids } = this.#options;
    this.#refuseWhenClosing();
    const request = await this.#planner.read(command, requester.userId);
    const tokenCall = ids.random(TOKEN_BITS);
    const plan = await this.#planner.planTest(request, { tokenCall, script: command.script });
    const call = this.#admit(plan, requester, await this.#usesOf(requester));
    const ended = this.#tests.endOf(tokenCall);
    await this.#open(call, plan.callerId ?? null);
    const result = resultOf(ended, call.test(engine, plan));
    result.catch(() => undefined); // whoever placed the call may be gone by then
    return { tokenCall, result };
  }

  /** See `CallPlanner.check`. */
  checkNumber(number: string, { userId }: Requester): Promise<void> {
    return this.#planner.check(number, userId);
  }

  /**
   * Ends a call, in whatever state it is and whichever node carries it. Its end is journalled when this resolves.
   * @throws CallNotFoundError where there is none that the requester may end
   * @throws EndNotJournalledError where it is being hung up, but its end cannot be stored yet
   * @throws NodeUnreachableError where another node is to end it, and does not answer yet
   */
  async stop(tokenCall: string, requester: Requester): Promise<CallRecord> {
    const ongoing = this.#ongoing.find(tokenCall);
    const call = visible(ongoing?.record ?? (await this.#options.store.find(tokenCall)), requester);
    const endedBy: EndedBy = call.userId === requester.userId ? 'user' : 'operator';
    const ended = await this.stopCarried(tokenCall, endedBy);
    if (ended !== undefined) return ended;
    return stopElsewhere(visible(await this.#options.store.find(tokenCall), requester), endedBy, this.#options);
  }

  /** See `CallCarrier`. */
  async stopCarried(tokenCall: string, endedBy: EndedBy): Promise<CallRecord | undefined> {
    try {
      return await this.#ongoing.find(tokenCall)?.stop(endedBy);
    } catch (error) {
      if (error instanceof CallNotCarriedError) return undefined;
      throw error;
    }
  }

  /** Ends what other nodes have asked to end of the calls that are carried here. */
  async attend(): Promise<void> {
    const requests = await this.#options.store.endRequests(this.#options.nodeId);
    await Promise.allSettled(requests.map(({ tokenCall, endedBy }) => this.stopCarried(tokenCall, endedBy)));
  }

  /** Whether calls are carried here, those whose legs are still ending included. */
  get isCarrying(): boolean {
    return !this.#ongoing.isEmpty;
  }

  /** How many calls of this process are in each state; `ended`: their legs are still ending. */
  countByState(): ReadonlyMap<CallState, number> {
    const counts = new Map<CallState, number>();
    for (const { record } of this.#ongoing.all()) counts.set(record.state, (counts.get(record.state) ?? 0) + 1);
    return counts;
  }

  /**
   * One call, ongoing or ended.
   * @throws CallNotFoundError where there is none that the viewer may see
   */
  async info(tokenCall: string, viewer: Viewer): Promise<CallRecord> {
    return visible(await this.#options.store.find(tokenCall), viewer);
  }

  /** The viewer's own calls that have not ended, oldest first. */
  async list(viewer: Viewer): Promise<readonly CallRecord[]> {
    if (viewer.scope !== 'application') return this.#options.store.ongoingOf(viewer.userId);
    return (await this.#options.store.ongoing()).filter((call) => mayView(call, viewer));
  }

  /** All calls that have not ended, oldest first. The caller checks that the requester may see them. */
  listAll(): Promise<readonly CallRecord[]> {
    return this.#options.store.ongoing();
  }

  /**
   * Takes no more calls, ends what is ongoing, and waits for its legs as long as `closeWithinMs` says: a peer that stays
   * silent takes 32 seconds (64 T1). The ends of the calls are journalled in any case. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clock, closeWithinMs } = this.#options;
    const drained = new Promise<void>((resolve) => (this.#drained = resolve));
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => (timer = clock.setTimer(closeWithinMs, resolve)));
    await Promise.race([late, this.#endAll()]);
    if (!this.#ongoing.isEmpty) await Promise.race([late, drained]);
    timer?.cancel();
  }

  async #endAll(): Promise<void> {
    const ends = await Promise.allSettled(this.#ongoing.all().map((call) => call.stop('system')));
    const unwritten = ends.filter(({ status }) => status === 'rejected').length;
    if (unwritten > 0)
      this.#options.log.error({ calls: unwritten }, 'calls were ended, but their end is not journalled');
  }

  #refuseWhenClosing(): void {
    if (this.#closing !== undefined) throw new EngineUnavailableError('No more calls are taken.');
  }

  async #place(
    request: CallRequest,
    requester: Requester,
    key?: Omit<IdempotencyRecord, 'tokenCall'>,
  ): Promise<Placed> {
    const { engine, ids } = this.#options;
    const plan = await this.#planner.plan(request, ids.random(TOKEN_BITS));
    const { tokenCall, callerId = null } = plan;
    const call = this.#admit(plan, requester, await this.#usesOf(requester));
    const known = await this.#open(call, callerId, key === undefined ? undefined : { ...key, tokenCall });
    if (known !== undefined && key !== undefined) return replay(known, key.fingerprint);
    call.ring(engine, plan);
    return { tokenCall, how: 'placed' };
  }

  /** What the journal has of the user's last 24 hours, where that matters. */
  async #usesOf({ userId, username }: Requester): Promise<readonly CallUse[]> {
    const { clock, policy, store } = this.#options;
    if (!policy.limitsDays) return NO_USES;
    const now = clock.now();
    return store.usedSince({ userId, username }, { since: now - DAY_MS, now });
  }

  /** Of calls that are placed at the same time each counts for the next, journalled or not. */
  #refuseUsedUp({ userId }: Requester, journalled: readonly CallUse[]): void {
    const { clock, policy } = this.#options;
    if (!policy.limitsDays) return;
    const now = clock.now();
    const ongoing = this.#ongoing.recordsOf(userId).map((call) => useOf(call, now));
    policy.refuseUsedUp(lastDay(journalled, ongoing, now), now);
  }

  /** From here on the call counts, and can be stopped. */
  #admit(plan: CallPlan | TestPlan, requester: Requester, journalled: readonly CallUse[]): Call {
    const { clock, nodeId, policy } = this.#options;
    this.#refuseWhenClosing();
    this.#refuseUsedUp(requester, journalled);
    policy.refuseTooMany(requester.userId, this.#ongoing);
    const record = newCall(plan, { requester, nodeId, createdAt: clock.now() });
    const call = new Call(record, requester.origin, this.#parts);
    this.#ongoing.add(call);
    return call;
  }

  async #open(
    call: Call,
    callerId: string | null,
    idempotency?: IdempotencyRecord,
  ): Promise<IdempotencyRecord | undefined> {
    const { store, clock, log } = this.#options;
    const { record } = call;
    try {
      const known = await call.open(callerId, idempotency);
      if (known !== undefined) this.#remove(call);
      return known;
    } catch (error) {
      this.#remove(call);
      if (isOutcomeUnknown(error)) void withdraw(record, { store, clock, log }, idempotency);
      throw error;
    }
  }

  #publish(call: Call, changed: CallRecord, event: CallEvent): void {
    if (isFinished(changed)) this.#remove(call, changed);
    this.emit('changed', changed, event, call.context);
  }

  /** @param finished - undefined: it was refused, or is carried elsewhere */
  #remove(call: Call, finished?: CallRecord): void {
    this.#ongoing.remove(call);
    this.#tests.settle(call.record.tokenCall, finished);
    if (this.#ongoing.isEmpty) this.#drained();
  }
}

/** Whether a viewer sees a call. Another user's call looks like none. */
export const mayView = (call: CallIdentity, viewer: Viewer): boolean => {
  switch (viewer.scope) {
    case 'own':
      return call.userId === viewer.userId;
    case 'everybody':
      return true;
    case 'application':
      return call.clientId === viewer.clientId && viewer.userIds.has(call.userId);
  }
};

const visible = (call: CallRecord | undefined, viewer: Viewer): CallRecord => {
  if (call === undefined || !mayView(call, viewer)) throw new CallNotFoundError();
  return call;
};
