import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runOffhook, type RunResult } from './run-offhook.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offhook-start-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** A module that makes the process take itself for another version of Node. */
const pretending = (version: string): string => {
  const versions = `{ value: { ...process.versions, node: '${version}' } }`;
  return `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, 'versions', ${versions})`)}`;
};

const migrateOn = (version: string): Promise<RunResult> =>
  runOffhook(['migrate'], { directory, env: { NODE_OPTIONS: `--import=${pretending(version)}` } });

describe('a start on a wrong Node', () => {
  it('is refused in one sentence where the Node is too old', async () => {
    expect(await migrateOn('18.20.4')).toEqual({
      code: 1,
      printed: '',
      said: 'offhook: this is Node 18.20.4; Offhook needs Node 22 or newer, or 20.12 and newer of Node 20.\n',
    });
  });

  it('says what to do where better-sqlite3 is not installed for it', async () => {
    const other = process.versions.node.startsWith('20.') ? '22.21.0' : '20.20.0';
    const { code, printed, said } = await migrateOn(other);
    expect({ code, printed }).toEqual({ code: 1, printed: '' });
    const lines = said.trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringContaining(`offhook: SQLite is not installed for Node ${other}: run \`npm ci\``),
    ]);
  });
});
