import { type ChildProcessByStdio, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** As small as a database and its log allow, so that it is filled soon. */
const MEGABYTES = 24;
const FILL_EVERY_MS = 50;

/**
 * What the holder of the mount does: the mount is its own and ends with it, and it ends with its input. `cat` writes
 * until not one byte is left.
 */
const HOLDER = `
mount -t tmpfs -o size=${MEGABYTES}m offhook "$1" || exit 1
echo mounted
while read -r order; do
  case $order in
    fill) cat /dev/zero >> "$1/filler" 2> /dev/null; echo filled ;;
    free) rm -f "$1/filler"; echo free ;;
  esac
done`;

/** Whether this process may mount: it takes root, and a kernel that gives mounts of one's own. */
export const canMount = (): boolean =>
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'probe', '/mnt']).status === 0;

/** A disk that can be full, seen by nobody but what runs `within` it. */
export class SmallDisk {
  /** Where it is, for those within. */
  readonly path: string;
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  #filling: { readonly stop: AbortController; readonly stopped: Promise<void> } | undefined;

  private constructor(path: string, holder: ChildProcessByStdio<Writable, Readable, null>) {
    this.path = path;
    this.#holder = holder;
    this.#answers = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error when nothing can be mounted */
  static async mount(directory: string): Promise<SmallDisk> {
    const path = join(directory, 'disk');
    await mkdir(path, { recursive: true });
    const words = ['-m', '--propagation', 'private', 'sh', '-c', HOLDER, 'holder', path];
    const disk = new SmallDisk(path, spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] }));
    await disk.#answer('mounted');
    return disk;
  }

  /** The words that run a command where the disk is. */
  get within(): readonly string[] {
    return ['nsenter', '-t', String(this.#holder.pid), '-m', `--wd=${process.cwd()}`, '--'];
  }

  /** Takes the last byte, and every byte that becomes free, until `free`. */
  async fill(): Promise<void> {
    await this.#order('fill', 'filled');
    const stop = new AbortController();
    this.#filling = { stop, stopped: this.#keepFilling(stop.signal) };
  }

  async free(): Promise<void> {
    this.#filling?.stop.abort();
    await this.#filling?.stopped;
    this.#filling = undefined;
    await this.#order('free', 'free');
  }

  /** Reads a database on the disk with a program of its own. */
  async query<Row>(file: string, sql: string): Promise<readonly Row[]> {
    const [program, ...words] = [...this.within, 'sqlite3', '-json', join(this.path, file), sql];
    const { stdout } = await run(program, words, { maxBuffer: 2 ** 26 });
    return stdout.trim() === '' ? [] : (JSON.parse(stdout) as Row[]);
  }

  async close(): Promise<void> {
    this.#filling?.stop.abort();
    await this.#filling?.stopped;
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin.end();
    await ended;
  }

  async #keepFilling(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#order('fill', 'filled');
      await pause(FILL_EVERY_MS);
    }
  }

  async #order(order: string, answer: string): Promise<void> {
    this.#holder.stdin.write(`${order}\n`);
    await this.#answer(answer);
  }

  async #answer(wanted: string): Promise<void> {
    const { value, done } = await this.#answers.next();
    if (done === true || value !== wanted) throw new Error(`the small disk said ${String(value)} instead of ${wanted}`);
  }
}
