import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type StartedService, startService } from '../support/start-service.ts';

/** That of Debian, where `.ci/run` installs the libraries. */
const PYTHON = '/usr/bin/python3';
const script = fileURLToPath(new URL('./python_clients.py', import.meta.url));

let service: StartedService;
let came: ReadonlyMap<string, unknown>;

beforeAll(async () => {
  service = await startService();
  const { stdout } = await promisify(execFile)(PYTHON, [script, service.baseUrl]);
  const lines = stdout.trim().split('\n');
  came = new Map(
    lines.map((line) => {
      const { flow, came: result } = JSON.parse(line) as { readonly flow: string; readonly came: unknown };
      return [flow, result];
    }),
  );
}, 120_000);

afterAll(() => service.stop());

it.each([
  ['oauthlib_code', { calls: [200, 200], refreshed: 1, rotated: true }],
  ['oauthlib_fragment', { calls: [201, 200], state: 'ended' }],
  ['oauthlib_password', { calls: [200] }],
  ['oauthlib_wrong_secret', { error: 'invalid_client' }],
  ['authlib_code', { calls: [200, 200, 401], active: true, expires_in: 3600 }],
  ['authlib_public', { calls: [200] }],
])('Python: %s', (flow, result) => {
  expect(came.get(flow)).toEqual(result);
});
