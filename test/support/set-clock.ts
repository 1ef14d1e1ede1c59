import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/**
 * The wall clock of a service, set forward and back while it runs, by libfaketime (Debian: faketime). Its monotonic clock
 * is the machine's, as it is when an operator or NTP sets the time.
 */
export class SetClock {
  readonly #directory: string;

  /** @throws Error when libfaketime is missing */
  constructor() {
    if (!existsSync(LIBRARY)) throw new Error('libfaketime is missing: apt-get install faketime');
    this.#directory = mkdtempSync(join(tmpdir(), 'offhook-wall-clock-'));
    this.set('+0');
  }

  /** What the service must be started with. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: join(this.#directory, 'offset'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** @param offset - from the machine's clock, as `faketime` reads it: `+0`, `-12s`, `+3d` */
  set(offset: string): void {
    writeFileSync(join(this.#directory, 'offset'), `${offset}\n`);
  }

  close(): void {
    rmSync(this.#directory, { recursive: true });
  }
}
