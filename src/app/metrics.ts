import type { RequestListener } from 'node:http';
import { Counter, Registry } from 'prom-client';
import type { CallAdmission } from '../calls/call-admission.ts';
import type { CallService } from '../calls/call-service.ts';
import { type Config, hostInUrl } from '../config/config.ts';
import { countAudited } from '../features/metrics/auth-metrics.ts';
import { CallMetrics } from '../features/metrics/call-metrics.ts';
import { addGauge } from '../features/metrics/gauge.ts';
import { HttpMetrics } from '../features/metrics/http-metrics.ts';
import { type MetricsAddress, MetricsServer } from '../features/metrics/metrics-server.ts';
import { StorageMetrics } from '../features/metrics/storage-metrics.ts';
import type { MonotonicClock, WallClock } from '../shared/clock.ts';
import { AppError, type ErrorKind } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Stores } from '../storage/stores.ts';
import type { Shutdown } from './shutdown.ts';

/** Where Prometheus looks for an exporter that nobody configured; only the sandbox takes it unasked. */
const SANDBOX_ADDRESS = { host: '127.0.0.1', port: 9464 };

/** The address of the configuration cannot be taken. */
export class MetricsAddressError extends AppError {
  readonly code = 'metrics_address';
  readonly kind: ErrorKind = 'unavailable';
  constructor({ host, port }: MetricsAddress, cause: unknown) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    super(
      `Metrics cannot be served on ${hostInUrl(host)}:${port} (${why}). Choose another address with OFFHOOK_METRICS_LISTEN.`,
      { cause },
    );
  }
}

export interface MeasuredParts {
  readonly calls: CallService;
  readonly admission: CallAdmission;
  readonly stores: Pick<Stores, 'health' | 'bindings'>;
  /** How long what peers send waits now before it is read, in milliseconds. */
  readonly queueAgeMs: () => number;
  /** Dates registrations of phones. */
  readonly steadyClock: WallClock;
}

/** The figures of this process. They are counted from the start on, whether or not somebody reads them. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #http: HttpMetrics;
  readonly #storage: StorageMetrics;

  constructor(clock: MonotonicClock) {
    this.#http = new HttpMetrics(this.#registry, clock);
    this.#storage = new StorageMetrics(this.#registry);
  }

  get committed(): StorageMetrics['committed'] {
    return this.#storage.committed;
  }

  watchHttp(listener: RequestListener): RequestListener {
    return this.#http.watch(listener);
  }

  /** The same stores; what goes to the audit log is counted. */
  watchAudit(stores: Stores): Stores {
    return { ...stores, audit: countAudited(this.#registry, stores.audit) };
  }

  measure({ calls, admission, stores, queueAgeMs, steadyClock }: MeasuredParts): void {
    const registry = this.#registry;
    new CallMetrics(registry, calls);
    new Counter({
      name: 'offhook_admission_refused_total',
      help: 'Calls that were refused because they could not be served in time',
      registers: [registry],
      collect() {
        this.reset();
        this.inc(admission.refused);
      },
    });
    const gauges: readonly (readonly [name: string, help: string, read: () => number | Promise<number>])[] = [
      ['offhook_overloaded', '1 while new calls are refused', () => Number(admission.isOverloaded)],
      ['offhook_storage_available', '0 while nothing can be stored', () => Number(stores.health.state === 'available')],
      ['offhook_sip_queue_seconds', 'How long SIP messages wait before they are read', () => queueAgeMs() / 1000],
      [
        'offhook_registered_flows',
        'Addresses from which phones are registered',
        async () => (await stores.bindings.flows(steadyClock.now())).length,
      ],
    ];
    for (const [name, help, read] of gauges) addGauge(registry, { name, help }, read);
  }

  /**
   * Serves them where the configuration says so; in the sandbox where nothing is said, on an address of its own if that is
   * free.
   * @returns where; undefined: nowhere
   * @throws MetricsAddressError when the address of the configuration cannot be taken
   */
  async serve(
    { metrics, sandbox }: Pick<Config, 'metrics' | 'sandbox'>,
    { shutdown, log }: { readonly shutdown: Shutdown; readonly log: Log },
  ): Promise<MetricsAddress | undefined> {
    const address = metrics ?? (sandbox ? SANDBOX_ADDRESS : undefined);
    if (address === undefined) return undefined;
    let server: MetricsServer;
    try {
      server = await MetricsServer.open(address, this.#registry, log);
    } catch (cause) {
      if (metrics !== undefined) throw new MetricsAddressError(address, cause);
      log.debug({}, 'the usual address of metrics is taken: they are not served');
      return undefined;
    }
    shutdown.add(() => server.close());
    return server.address;
  }
}
