import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { authorize } from './authorize.ts';
import { type ApiCall, RestClient } from './rest-client.ts';
import { SipPeer } from './sip-peer.ts';
import { type StartedService, startService, type StartServiceOptions } from './start-service.ts';

/** A call with its dates, as the API gives it. */
export interface DatedCall extends ApiCall {
  readonly created_at: string;
  readonly ended_at: string | null;
}

const LOOK_EVERY_MS = 50;

let placed = 0;

/** A number that no call had before. */
export const nextNumber = (): string => {
  placed += 1;
  return `+12025${String(placed).padStart(6, '0')}`;
};

/** Looks until it is so. @returns whether it became so within the limit */
export const becomes = async (isSo: () => Promise<boolean> | boolean, limitMs: number): Promise<boolean> => {
  const end = performance.now() + limitMs;
  for (;;) {
    if (await isSo()) return true;
    if (performance.now() > end) return false;
    await pause(LOOK_EVERY_MS);
  }
};

/** The service between a phone and a carrier that take every call. It can be killed and started again. */
export class FaultStage {
  readonly directory: string;
  readonly phone: SipPeer;
  readonly carrier: SipPeer;
  readonly #options: StartServiceOptions;
  #service: StartedService | undefined;
  #rest: RestClient | undefined;
  #token: string | undefined;
  #startMs = Number.NaN;

  private constructor(peers: { phone: SipPeer; carrier: SipPeer }, options: StartServiceOptions, directory: string) {
    this.phone = peers.phone;
    this.carrier = peers.carrier;
    this.#options = options;
    this.directory = directory;
    process.once('exit', this.#killService);
  }

  /** @param options - of the service; with a directory, that one stays */
  static async open(options: StartServiceOptions = {}): Promise<FaultStage> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'offhook-faults-')));
    const peers = { phone: await SipPeer.open('phone'), carrier: await SipPeer.open('carrier') };
    const stage = new FaultStage(peers, options, directory);
    try {
      await stage.start();
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  get service(): StartedService {
    if (this.#service === undefined) throw new Error('the service does not run');
    return this.#service;
  }

  get rest(): RestClient {
    if (this.#rest === undefined) throw new Error('the service does not run');
    return this.#rest;
  }

  /** Milliseconds from the last start of the program until it was ready. */
  get startMs(): number {
    return this.#startMs;
  }

  /** Starts the service where its data are. The token of the first start serves on. */
  async start(): Promise<void> {
    const begun = performance.now();
    this.#service = await startService({
      ...this.#options,
      directory: this.directory,
      env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn', ...this.#options.env },
      settings: {
        trunks: [{ name: 'carrier', uri: this.carrier.uri }],
        phones: [{ user: 'demo', address: this.phone.uri.replace('sip:', 'sip:phone@') }],
        policy: { max_ongoing_calls_per_user: 0 },
        limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
      },
    });
    this.#startMs = performance.now() - begun;
    this.#token ??= await authorize(this.#service.baseUrl);
    this.#rest = new RestClient(this.#service.baseUrl, this.#token);
  }

  /** Kills the service without a warning; its peers forget its calls. */
  async kill(): Promise<void> {
    await this.service.stop('SIGKILL');
    this.phone.forget();
    this.carrier.forget();
  }

  async health(): Promise<number> {
    const response = await fetch(`${this.service.baseUrl}/healthz`);
    await response.arrayBuffer();
    return response.status;
  }

  /** @returns the token of a call to a new number */
  place(): Promise<string> {
    return this.rest.place({ number: nextNumber() });
  }

  /** @returns calls that both ends talk on */
  async connect(count: number): Promise<readonly { readonly number: string; readonly token: string }[]> {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const number = nextNumber();
        const token = await this.rest.place({ number });
        await this.rest.until(token, ({ state }) => state === 'connected');
        return { number, token };
      }),
    );
  }

  isCarried(number: string): boolean {
    return this.phone.carried.has(number) && this.carrier.carried.has(number);
  }

  /** Whether no peer has the call any more. */
  isGone(number: string): boolean {
    return !this.phone.carried.has(number) && !this.carrier.carried.has(number);
  }

  async info(token: string): Promise<DatedCall> {
    return (await this.rest.info(token)) as DatedCall;
  }

  /** What the list and the peers do not agree on: calls listed that a peer has not, and calls that a peer has unlisted. */
  async disagreements(): Promise<{ readonly ghosts: readonly string[]; readonly strays: readonly string[] }> {
    const listed = new Set((await this.rest.list()).map(({ number }) => number));
    const carried = new Set([...this.phone.carried, ...this.carrier.carried]);
    return {
      ghosts: [...listed].filter((number) => !carried.has(number)),
      strays: [...carried].filter((number) => !listed.has(number)),
    };
  }

  /** The numbers of all calls in the journal, read beside the service, which may be locked out of it. */
  journalledNumbers(): readonly string[] {
    const database = openSqlite(join(this.directory, 'offhook.db'), { readonly: true });
    try {
      return database.prepare('SELECT number FROM calls').pluck().all() as string[];
    } finally {
      database.close();
    }
  }

  /** Ends the service and the peers, and removes the data where they were the stage's own. */
  async close(): Promise<void> {
    process.off('exit', this.#killService);
    await this.#service?.stop('SIGKILL');
    this.phone.close();
    this.carrier.close();
    if (this.#options.directory === undefined) await rm(this.directory, { recursive: true, force: true });
  }

  readonly #killService = (): void => {
    try {
      if (this.#service !== undefined) process.kill(this.#service.pid, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  };
}
