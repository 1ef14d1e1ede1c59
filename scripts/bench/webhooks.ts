/*
 * Whether a webhook tells a receiver of everything: many calls, a receiver that fails at random (seeded) and is away for a minute, and
 * a kill -9 of the service meanwhile. Of each call the messages must be there at least once and in order, as the timeline of the service
 * has it; `webhook-id` tells repetitions.
 *
 * Shorter, by variables: CALLS=5000 RATE=40 AWAY_SECONDS=60 SEED=1.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { printTable } from './figures.ts';
import { WebhookStage } from './webhooks/webhook-stage.ts';

const numberOf = (name: string, usual: number): number => Number(process.env[name] ?? usual);
const calls = numberOf('CALLS', 5000);
const rate = numberOf('RATE', 40);
const awaySeconds = numberOf('AWAY_SECONDS', 60);
const seed = numberOf('SEED', 1);
const GIVE_UP_MS = 15 * 60_000;

const stage = await WebhookStage.open(seed);
const placed: Promise<string>[] = [];

const placeAll = async (): Promise<void> => {
  const begin = performance.now();
  for (let index = 0; index < calls; index += 1) {
    await pause(Math.max(0, begin + (index * 1000) / rate - performance.now()));
    placed.push(stage.place());
  }
};

const disturb = async (): Promise<void> => {
  const quarterMs = (calls / rate / 4) * 1000;
  await pause(quarterMs);
  await stage.receiver.close();
  await pause(awaySeconds * 500);
  await stage.killAndStart();
  await pause(awaySeconds * 500);
  await stage.receiver.open();
};

/** @returns how many calls were told wrong */
const compare = async (tokens: readonly string[]): Promise<number> => {
  const endsAt = performance.now() + GIVE_UP_MS;
  let wrong = 0;
  for (const token of tokens) {
    while (stage.inbox.of(token).at(-1) !== 'call.settled' && performance.now() < endsAt) await pause(100);
    const [told, happened] = [stage.inbox.of(token), await stage.timelineOf(token)];
    if (JSON.stringify(told) !== JSON.stringify(happened)) wrong += 1;
  }
  return wrong;
};

try {
  console.log(
    `${calls} calls at ${rate}/s; the receiver is away for ${awaySeconds} s and fails at random (seed ${seed}), ` +
      `the service is killed once. Node ${process.version}\n`,
  );
  await Promise.all([placeAll(), disturb()]);
  const backAt = performance.now();
  const tokens = await Promise.all(placed);
  const wrong = await compare(tokens);
  const { inbox, receiver } = stage;
  printTable([
    ['calls', 'told wrong', 'messages', 'sent', 'taken again', 'forged', 'all told after s'],
    [
      ...[tokens.length, wrong, inbox.size, receiver.received.length, inbox.repeated, inbox.forged.length],
      ((performance.now() - backAt) / 1000).toFixed(1),
    ],
  ]);
  if (wrong + inbox.forged.length > 0) process.exitCode = 1;
} finally {
  await stage.close();
}
process.exit();
