import { Histogram, type Registry } from 'prom-client';

const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const UNITS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** How long commits take, and how much shares one. */
export class StorageMetrics {
  readonly #seconds: Histogram;
  readonly #units: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#seconds = new Histogram({
      ...{ name: 'offhook_commit_seconds', help: 'From the beginning of a commit until it is on the disk', registers },
      buckets: COMMIT_SECONDS,
    });
    this.#units = new Histogram({
      ...{ name: 'offhook_commit_units', help: 'How many writes shared a commit', registers, buckets: UNITS },
    });
  }

  readonly committed = (units: number, milliseconds: number): void => {
    this.#seconds.observe(milliseconds / 1000);
    this.#units.observe(units);
  };
}
