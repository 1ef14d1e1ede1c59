import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { authorize } from '../support/authorize.ts';
import { isOver, RestClient } from '../support/rest-client.ts';
import { type StartedService, startService } from '../support/start-service.ts';

/*
 * The wall clock of the service is set forward and back while it runs, by libfaketime (Debian: faketime). Its monotonic
 * clock is the machine's, as it is when an operator or NTP sets the time.
 */

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const ANSWERS = '+12025550100';
const CALLS = 6;
/** Half of the smallest step back: what waited for the wall clock would be later than that. */
const PROMPT_MS = 6000;

let directory: string;
let service: StartedService;

/** As `faketime` reads it: `+0`, `-12s`, `+3d`. */
const setClock = (offset: string): void => writeFileSync(join(directory, 'offset'), `${offset}\n`);

const logIn = async (): Promise<RestClient> => new RestClient(service.baseUrl, await authorize(service.baseUrl));

const connect = async (rest: RestClient): Promise<string> => {
  const call = await rest.place({ number: ANSWERS });
  await rest.until(call, ({ state }) => state === 'connected');
  return call;
};

beforeEach(async () => {
  if (!existsSync(LIBRARY)) throw new Error('libfaketime is missing: apt-get install faketime');
  directory = mkdtempSync(join(tmpdir(), 'offhook-wall-clock-'));
  setClock('+0');
  service = await startService({
    settings: { limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 } },
    env: {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: join(directory, 'offset'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
  });
});

afterEach(async () => {
  await service.stop();
  rmSync(directory, { recursive: true });
});

describe('a wall clock that is set', () => {
  it.each(['-12s', '-1h', '+25s', '+30m', '+3d'])(
    'by %s ends no call, delays none and expires no phone',
    async (offset) => {
      const before = await logIn();
      const ongoing = await Promise.all(Array.from({ length: CALLS }, () => connect(before)));
      const underWay = await Promise.all(Array.from({ length: CALLS }, () => before.place({ number: ANSWERS })));
      setClock(offset);
      const stepped = performance.now();

      const after = await logIn(); // a token may have expired by the step
      const states = await Promise.all(ongoing.map(async (call) => (await after.info(call)).state));
      expect(states).toEqual(ongoing.map(() => 'connected'));
      for (const call of underWay) await after.until(call, ({ state }) => state === 'connected');
      const later = await connect(after);
      expect(await after.stop(later)).toMatchObject({ state: 'ended', outcome: 'completed' });
      expect(performance.now() - stepped).toBeLessThan(PROMPT_MS);

      const calls = [...ongoing, ...underWay];
      for (const call of calls) {
        expect(await after.stop(call)).toMatchObject({ state: 'ended', outcome: 'completed' });
        const ended = await after.until(call, isOver);
        expect(ended.talk_seconds).toBeGreaterThanOrEqual(0);
        for (const leg of ended.legs) expect(leg).toMatchObject({ sip_status: 200, reason: 'hangup' });
      }
      expect(await after.list()).toEqual([]);
      expect(service.output.filter((line) => line.includes('"level":50'))).toEqual([]);
    },
    60_000,
  );
});
