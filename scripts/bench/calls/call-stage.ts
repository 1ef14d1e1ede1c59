import { authorize } from '../../../test/support/authorize.ts';
import { RestClient } from '../../../test/support/rest-client.ts';
import { type StartedService, startService } from '../../../test/support/start-service.ts';
import { BenchSipp } from './bench-sipp.ts';
import { CallGenerator } from './call-generator.ts';
import type { CallRecords } from './call-records.ts';
import { requireOpenFiles } from './open-files.ts';
import { nodeArguments } from './options.ts';

export interface StageOptions {
  readonly phoneTransport?: 'udp' | 'tcp';
  readonly nodeArguments?: readonly string[];
}

/** Of a load: calls that may not be connected yet when its last one is placed. */
const LAST = 200;

/** The built service between a phone and a carrier, all of them new. */
export class CallStage {
  readonly service: StartedService;
  readonly phone: BenchSipp;
  readonly carrier: BenchSipp;
  readonly #accessToken: string;
  readonly #kill = (): void => void process.kill(this.service.pid, 'SIGKILL');

  private constructor(service: StartedService, peers: { phone: BenchSipp; carrier: BenchSipp }, accessToken: string) {
    this.service = service;
    this.phone = peers.phone;
    this.carrier = peers.carrier;
    this.#accessToken = accessToken;
    process.once('exit', this.#kill);
  }

  static async open(options: StageOptions = {}): Promise<CallStage> {
    const { phoneTransport: transport = 'udp' } = options;
    const phone = await BenchSipp.start({ scenario: 'phone', transport });
    const carrier = await BenchSipp.start({ scenario: 'carrier' });
    const service = await startService({
      settings: {
        trunks: [{ name: 'bench', uri: `sip:127.0.0.1:${carrier.port}` }],
        phones: [{ user: 'demo', address: `sip:phone@127.0.0.1:${phone.port};transport=${transport}` }],
        policy: { max_ongoing_calls_per_user: 0 },
        limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
      },
      env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' },
      nodeArguments: options.nodeArguments ?? nodeArguments,
    });
    return new CallStage(service, { phone, carrier }, await authorize(service.baseUrl));
  }

  get httpPort(): number {
    return Number(new URL(this.service.baseUrl).port);
  }

  /** @throws Error when the system does not let so many connections be open */
  generator(connections: number): CallGenerator {
    requireOpenFiles(this.service.pid, connections);
    return new CallGenerator({ port: this.httpPort, accessToken: this.#accessToken, connections });
  }

  /** Waits until the last calls of a load are connected: those before them are. */
  async connected(records: CallRecords): Promise<void> {
    const rest = new RestClient(this.service.baseUrl, this.#accessToken);
    for (const token of records.token.slice(-LAST)) {
      if (token !== undefined) await rest.until(token, ({ state }) => state === 'connected');
    }
  }

  async close(): Promise<void> {
    process.off('exit', this.#kill);
    await this.service.stop();
    await this.phone.stop();
    await this.carrier.stop();
  }
}
