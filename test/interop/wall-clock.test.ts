import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { authorize } from '../support/authorize.ts';
import { isOver, RestClient } from '../support/rest-client.ts';
import { SetClock } from '../support/set-clock.ts';
import { type StartedService, startService } from '../support/start-service.ts';

const ANSWERS = '+12025550100';
const CALLS = 6;
/** Half of the smallest step back: what waited for the wall clock would be later than that. */
const PROMPT_MS = 6000;

let clock: SetClock;
let service: StartedService;

const logIn = async (): Promise<RestClient> => new RestClient(service.baseUrl, await authorize(service.baseUrl));

const connect = async (rest: RestClient): Promise<string> => {
  const call = await rest.place({ number: ANSWERS });
  await rest.until(call, ({ state }) => state === 'connected');
  return call;
};

beforeEach(async () => {
  clock = new SetClock();
  service = await startService({
    settings: { limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 } },
    env: clock.env,
  });
});

afterEach(async () => {
  await service.stop();
  clock.close();
});

describe('a wall clock that is set', () => {
  it.each(['-12s', '-1h', '+25s', '+30m', '+3d'])(
    'by %s ends no call, delays none and expires no phone',
    async (offset) => {
      const before = await logIn();
      const ongoing = await Promise.all(Array.from({ length: CALLS }, () => connect(before)));
      const underWay = await Promise.all(Array.from({ length: CALLS }, () => before.place({ number: ANSWERS })));
      clock.set(offset);
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
