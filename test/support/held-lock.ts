import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** The write lock of a database, held by another program, as by one that was left open at a terminal. */
export class HeldLock {
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(holder: ChildProcessByStdio<Writable, Readable, null>) {
    this.#holder = holder;
  }

  /** Resolves when the lock is held. @throws Error when it cannot be taken */
  static async take(path: string): Promise<HeldLock> {
    const holder = spawn('sqlite3', ['-bail', path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: holder.stdout });
    const ended = once(holder, 'exit').then(() => ['ended']);
    holder.stdin.write(".timeout 5000\nbegin immediate;\nselect 'held';\n");
    // The first line is the timeout, which it repeats.
    for await (const line of lines) if (line === 'held') return new HeldLock(holder);
    await ended;
    throw new Error('the write lock could not be taken');
  }

  get isHeld(): boolean {
    return this.#holder.exitCode === null && this.#holder.signalCode === null;
  }

  /** Idempotent. */
  async release(): Promise<void> {
    if (!this.isHeld) return;
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin.end('rollback;\n');
    await ended;
  }
}
