import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface RunOptions {
  /** Where database and secret file are, as `startService` lays them. */
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
}

export interface RunResult {
  readonly code: number | null;
  readonly printed: string;
  readonly said: string;
}

const ROOT = new URL('../..', import.meta.url).pathname;

/** Runs a command of the built service in a process of its own, beside one that may be running. */
export const runOffhook = async (words: readonly string[], options: RunOptions): Promise<RunResult> => {
  const { directory, env, input = '' } = options;
  const child = spawn(process.execPath, ['scripts/offhook.mjs', ...words], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      OFFHOOK_DATABASE_URL: `sqlite:${join(directory, 'offhook.db')}`,
      OFFHOOK_SECRET_FILE: join(directory, 'offhook.key'),
      ...env,
    },
  });
  child.stdin.end(input);
  const ended = once(child, 'close');
  const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code: child.exitCode, printed, said };
};
