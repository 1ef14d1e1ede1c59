import type {
  CallEngine,
  CallPlan,
  Endpoint,
  EngineCall,
  EngineEvent,
  EngineTestCall,
  TestPlan,
} from '../../calls/call-engine.ts';
import { EngineUnavailableError } from '../../calls/errors.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { UserAgent } from '../../sip/user-agent.ts';
import type { Routes } from './call/routes.ts';
import { type CallParts, ThirdPartyCall } from './call/third-party-call.ts';
import { SessionIds } from './leg/leg-sdp.ts';
import type { RedirectHosts } from './leg/redirect.ts';
import type { DigitPorts } from './media/extension-dialler.ts';
import type { Prompter } from './media/prompter.ts';
import { TestCall, type TestCallParts } from './test/test-call.ts';

/** What the engine needs opened before it takes calls and closed after it: transport, media port, trunk registrations. */
export interface EngineService {
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface SipCallEngineOptions {
  readonly userAgent: UserAgent;
  readonly routes: Routes;
  readonly prompter: Prompter;
  /** For digits after the answer. */
  readonly digitPorts: DigitPorts;
  /** Of test calls. */
  readonly testPhones: TestCallParts['media'];
  /** In the order of their start; closed in the opposite one. */
  readonly services: readonly EngineService[];
  readonly clock: Clock;
  readonly log: Log;
  readonly busyToneMs: number;
  /** The hosts to which a 3xx may lead; none where nothing is said. */
  readonly redirectHosts?: RedirectHosts | undefined;
  /** How long `stop` waits for the peers to confirm the end of what was ongoing. */
  readonly graceMs: number;
}

type State = 'idle' | 'running' | 'stopped';

/** The embedded engine: calls between two SIP phones by way of RFC 3725. */
export class SipCallEngine implements CallEngine {
  readonly #options: SipCallEngineOptions;
  readonly #calls = new Set<ThirdPartyCall | TestCall>();
  readonly #parts: CallParts;
  readonly #testParts: TestCallParts;
  #state: State = 'idle';
  #stopped: Promise<void> | undefined;

  constructor(options: SipCallEngineOptions) {
    this.#options = options;
    const { busyToneMs, clock, digitPorts, log, prompter, redirectHosts, routes, userAgent } = options;
    const { testPhones: media } = options;
    const sessionIds = new SessionIds(clock.now());
    const onReleased = (call: ThirdPartyCall | TestCall): void => void this.#calls.delete(call);
    const shared = { clock, log, routes, userAgent, sessionIds, onReleased };
    this.#parts = { ...shared, busyToneMs, digitPorts, prompter, redirectHosts };
    const { address } = prompter;
    this.#testParts = { ...shared, address, media };
  }

  /** How many calls have a leg that is not gone yet, or none so far. */
  get ongoing(): number {
    return this.#calls.size;
  }

  /**
   * Starts the services, and closes again those that stand where one cannot be started.
   * @throws Error where a service cannot be started: what that service threw
   */
  async start(): Promise<void> {
    if (this.#state !== 'idle') return;
    try {
      for (const service of this.#options.services) await service.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#state = 'running';
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  locate(endpoint: Endpoint): Promise<Endpoint | undefined> {
    return this.#options.routes.locate(endpoint);
  }

  place(plan: CallPlan, listener: (event: EngineEvent) => void): EngineCall {
    if (this.#state !== 'running') throw new EngineUnavailableError('The telephone engine is not running.');
    const call = new ThirdPartyCall(this.#parts, { plan, listener });
    this.#calls.add(call);
    call.start();
    return call;
  }

  placeTest(plan: TestPlan, listener: (event: EngineEvent) => void): EngineTestCall {
    if (this.#state !== 'running') throw new EngineUnavailableError('The telephone engine is not running.');
    const call = new TestCall(this.#testParts, { plan, listener });
    this.#calls.add(call);
    call.start();
    return call;
  }

  async #shutDown(): Promise<void> {
    const { graceMs, services, userAgent } = this.#options;
    this.#state = 'stopped';
    for (const call of this.#calls) call.hangUp();
    await userAgent.close(graceMs);
    for (const call of this.#calls) call.abandon();
    for (const service of [...services].reverse()) await service.close();
  }
}
