import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CallLoad, type PromisedCall, untruthOf } from '../support/call-load.ts';
import { becomes, FaultStage, nextNumber } from '../support/fault-stage.ts';
import { hangUp, missingOf } from '../support/hangups.ts';
import { HeldLock } from '../support/held-lock.ts';
import { isOver, RestError } from '../support/rest-client.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { canMount, SmallDisk } from '../support/small-disk.ts';

/*
 * What the service stands on gives way while it carries calls. The same faults at their full length, with figures:
 * `npm run bench:faults`.
 */

/** Far more than anything here takes: what is waited for comes, or never does. */
const LIMIT_MS = 30_000;
const KILLS = 5;

jest.setTimeout(120_000);

let stage: FaultStage;

const untilTrue = async (what: string, isSo: () => Promise<boolean> | boolean): Promise<void> => {
  if (!(await becomes(isSo, LIMIT_MS))) throw new Error(`It never came: ${what}`);
};

const untilListIsWhatRuns = (): Promise<void> =>
  untilTrue('the list is what runs', async () => {
    const { ghosts, strays } = await stage.disagreements();
    return ghosts.length + strays.length === 0;
  });

/** @returns why a call is not placed */
const refusal = async (number: string): Promise<RestError | undefined> => {
  try {
    await stage.rest.place({ number });
    return undefined;
  } catch (error) {
    if (error instanceof RestError) return error;
    throw error;
  }
};

/** Hangs up three calls, each by another one, and waits until both ends of each are free. */
const hangUpByEach = (calls: Awaited<ReturnType<FaultStage['connect']>>) =>
  Promise.all([
    hangUp(stage, calls[0]!, 'caller'),
    hangUp(stage, calls[1]!, 'callee'),
    hangUp(stage, calls[2]!, 'user'),
  ]);

/** A PUT may be refused meanwhile, but a call that is over at both ends is over in the journal too. */
const expectJournalled = async (hangups: Awaited<ReturnType<typeof hangUpByEach>>): Promise<void> => {
  expect(hangups).toMatchObject([{ isDone: true }, { isDone: true }, {}]);
  for (const hangup of hangups.filter(({ isDone }) => isDone)) {
    await untilTrue(`${hangup.token} is journalled`, async () => (await missingOf(stage, hangup)) === undefined);
  }
};

const expectGoesOn = async ({ number, token }: { readonly number: string; readonly token: string }): Promise<void> => {
  expect(stage.isCarried(number)).toBe(true);
  expect(await stage.info(token)).toMatchObject({ state: 'connected' });
};

/** A call from its beginning to its end. */
const expectServes = async (): Promise<void> => {
  const [next] = await stage.connect(1);
  await stage.rest.stop(next!.token);
  expect(await stage.rest.until(next!.token, isOver)).toMatchObject({ outcome: 'completed', ended_by: 'user' });
};

describe('a disk that is full', () => {
  let directory: string;
  let disk: SmallDisk | undefined;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'offhook-full-'));
    disk = undefined;
    if (!canMount()) return;
    disk = await SmallDisk.mount(directory);
    const env = { OFFHOOK_DATABASE_URL: `sqlite:${join(disk.path, 'offhook.db')}` };
    try {
      stage = await FaultStage.open({ directory, within: disk.within, env });
    } catch (error) {
      await disk.close();
      disk = undefined;
      throw error;
    }
  });

  afterEach(async () => {
    if (disk !== undefined) {
      await stage.close();
      await disk.close();
    }
    rmSync(directory, { recursive: true });
  });

  it('is told to who places a call; calls go on, and their ends are written once there is space', async () => {
    if (disk === undefined) {
      if (process.env['ALLOW_SKIP'] === undefined) throw new Error('This needs root, to mount a disk of its own');
      console.warn('SKIPPED: a full disk, since nothing can be mounted');
      return;
    }
    const [goesOn, ...ending] = await stage.connect(4);
    await disk.fill();
    const placed: string[] = [];
    // What was allocated before is used up first.
    let refused: RestError | undefined;
    let number = '';
    await untilTrue('a call is refused', async () => {
      number = nextNumber();
      refused = await refusal(number);
      if (refused === undefined) placed.push(number);
      return refused !== undefined;
    });
    expect(refused).toMatchObject({ status: 503, message: expect.stringMatching(/disk/i) });
    expect(stage.phone.invited.has(number)).toBe(false);
    await untilTrue('/healthz is 503', async () => (await stage.health()) === 503);
    await expectGoesOn(goesOn!);
    const hangups = await hangUpByEach(ending);
    expect(await refusal(nextNumber())).toMatchObject({ status: 503 });

    await disk.free();
    await expectJournalled(hangups);
    await untilTrue('/healthz is 200', async () => (await stage.health()) === 200);
    await untilListIsWhatRuns();
    await expectGoesOn(goesOn!);
    const kept = await disk.query<{ number: string }>('offhook.db', 'select number from calls');
    expect(kept.map((row) => row.number)).toEqual(expect.arrayContaining(placed));
    expect(kept.map((row) => row.number)).not.toContain(number);
    await expectServes();
  });
});

describe('a database that another program has locked', () => {
  let lock: HeldLock | undefined;

  beforeEach(async () => {
    lock = undefined;
    stage = await FaultStage.open();
  });

  afterEach(async () => {
    await lock?.release();
    await stage.close();
  });

  it('delays no GET and no BYE; a POST is refused, and what ended meanwhile is written after', async () => {
    const [goesOn, ...ending] = await stage.connect(4);
    lock = await HeldLock.take(join(stage.directory, 'offhook.db'));
    await expectGoesOn(goesOn!);
    expect((await stage.rest.list()).map(({ number }) => number)).toContain(goesOn!.number);
    const hangups = await hangUpByEach(ending);
    const number = nextNumber();
    expect(await refusal(number)).toMatchObject({ status: 503 });
    expect(stage.phone.invited.has(number)).toBe(false);
    await expectGoesOn(goesOn!);
    expect(lock.isHeld).toBe(true);

    await lock.release();
    await expectJournalled(hangups);
    await untilListIsWhatRuns();
    expect(stage.journalledNumbers()).toContain(goesOn!.number);
    expect(stage.journalledNumbers()).not.toContain(number);
    await expectGoesOn(goesOn!);
    await expectServes();
  });

  it('places the call that was waiting when the lock goes', async () => {
    lock = await HeldLock.take(join(stage.directory, 'offhook.db'));
    const number = nextNumber();
    const placing = stage.rest.place({ number });
    await stage.health();
    expect(stage.phone.invited.has(number)).toBe(false);
    await lock.release();
    const token = await placing;
    await stage.rest.until(token, ({ state }) => state === 'connected');
  });
});

describe('a service that is killed', () => {
  beforeEach(async () => {
    stage = await FaultStage.open();
  });

  afterEach(() => stage.close());

  it('again and again starts at once, and has a true record of every call that it promised', async () => {
    const random = seededRandom(1);
    const promised: PromisedCall[] = [];
    for (let count = 0; count < KILLS; count += 1) {
      const load = new CallLoad(stage, { perSecond: 40, holdMs: 200, random });
      const wanted = 1 + Math.floor(random() * 30);
      await untilTrue(`${wanted} calls are placed`, () => load.promised.length >= wanted);
      await stage.kill();
      await stage.start();
      await load.stop();
      promised.push(...load.promised);
    }
    const untruths = await Promise.all(promised.map((call) => untruthOf(stage, call)));
    expect(untruths.filter((said) => said !== undefined)).toEqual([]);
    expect(await stage.rest.list()).toEqual([]);
    await expectServes();
  });
});
