import { describe, expect, it } from '@jest/globals';
import { relayedCalls } from '../verdicts/relayed-calls.ts';
import { tryRelayed } from '../verdicts/relayed-stage.ts';
import { sandboxCases } from '../verdicts/sandbox-cases.ts';
import { trySandbox } from '../verdicts/sandbox-stage.ts';
import { sippCases } from '../verdicts/sipp-cases.ts';
import { trySipp } from '../verdicts/sipp-stage.ts';

/*
 * A choice of the cases of `npm run bench:verdicts`, the same ones every time. Delays of echoes are measured there: here the
 * speed of the machine would decide.
 */

const CHOSEN_EVERY = 10;
const PARALLEL = 8;

const chosen = <Case extends { readonly measures?: { readonly echoDelayMs?: number } }>(
  cases: readonly Case[],
): readonly Case[] =>
  cases.filter(({ measures }, index) => index % CHOSEN_EVERY === 0 && measures?.echoDelayMs === undefined);

describe('the verdict of a test call', () => {
  it('is right at the numbers of the sandbox, of right and of wrong expectations', async () => {
    const judged = await trySandbox(chosen(sandboxCases), { parallel: PARALLEL });

    expect(judged.filter(({ misses }) => misses.length > 0).map(({ name, misses }) => ({ name, misses }))).toEqual([]);
    expect(new Set(judged.map(({ wanted }) => wanted))).toEqual(new Set(['Pass', 'Fail']));
  }, 120_000);

  it('is right at sipp, of right and of wrong expectations', async () => {
    const judged = await trySipp(chosen(sippCases), { parallel: PARALLEL });

    expect(judged.filter(({ misses }) => misses.length > 0).map(({ name, misses }) => ({ name, misses }))).toEqual([]);
    expect(new Set(judged.map(({ wanted }) => wanted))).toEqual(new Set(['Pass', 'Fail']));
  }, 120_000);
});

describe('the loss of a test call', () => {
  it('counts all that a relay has dropped', async () => {
    const seen = await tryRelayed(relayedCalls.filter(({ lossPercent }) => lossPercent >= 5));

    for (const { injected, heard } of seen) {
      expect(heard?.loss_percent).toBeGreaterThanOrEqual(injected.droppedPercent - 0.5);
      // What a slow machine reads too late counts besides.
      expect(heard?.loss_percent).toBeLessThanOrEqual(injected.droppedPercent + 20);
    }
    expect(seen.map(({ injected }) => injected.droppedPercent > 3)).toEqual([true, true, true]);
  }, 120_000);
});
