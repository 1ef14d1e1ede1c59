/*
 * Test calls whose verdict is known beforehand, right expectations and wrong ones alike: on the numbers of the sandbox, on sipp with
 * captured audio, echoes and keys, and on baresip with what sox made. Then loss and jitter that a relay adds in real time.
 *
 * Shorter, by variables: ONLY=sandbox,sipp,baresip,relay and EVERY=10 for each tenth case; PARALLEL=12 calls at once.
 */
import { baresipPhones } from '../../test/interop/verdicts/baresip-cases.ts';
import { tryBaresip } from '../../test/interop/verdicts/baresip-stage.ts';
import type { JudgedCase } from '../../test/interop/verdicts/judged-case.ts';
import { sandboxCases } from '../../test/interop/verdicts/sandbox-cases.ts';
import { trySandbox } from '../../test/interop/verdicts/sandbox-stage.ts';
import { sippCases } from '../../test/interop/verdicts/sipp-cases.ts';
import { trySipp } from '../../test/interop/verdicts/sipp-stage.ts';
import { printTable } from './figures.ts';
import { printRelayed } from './verdicts/relayed-calls.ts';

const only = process.env['ONLY']?.split(',');
const every = Number(process.env['EVERY'] ?? 1);
const parallel = Number(process.env['PARALLEL'] ?? 12);

const isWanted = (part: string): boolean => only?.includes(part) ?? true;
const chosen = <Case>(cases: readonly Case[]): readonly Case[] => cases.filter((_, index) => index % every === 0);

const stages = {
  sandbox: () => trySandbox(chosen(sandboxCases), { parallel }),
  sipp: () => trySipp(chosen(sippCases), { parallel }),
  baresip: () => tryBaresip(baresipPhones.map((phone) => ({ ...phone, cases: chosen(phone.cases) }))),
} as const;

const isRight = ({ misses }: JudgedCase): boolean => misses.length === 0;
const counted = (cases: readonly JudgedCase[], wanted: 'Pass' | 'Fail'): string => {
  const these = cases.filter((each) => each.wanted === wanted);
  return `${these.filter(isRight).length} of ${these.length}`;
};

const widest = (differences: readonly number[], digits: number): string =>
  differences.length === 0 ? '-' : Math.max(...differences).toFixed(digits);

const rowOf = (name: string, cases: readonly JudgedCase[]): readonly (string | number)[] => {
  const difference = (wanted: number | undefined, seen: number | null | undefined): readonly number[] =>
    wanted === undefined ? [] : [Math.abs((seen ?? Infinity) - wanted)];
  const tones = cases.flatMap(({ wantsToneHz, run }) => difference(wantsToneHz, run?.heard?.tone_hz));
  const echoes = cases.flatMap(({ wantsEchoDelayMs, run }) => difference(wantsEchoDelayMs, run?.heard?.echo_delay_ms));
  return [
    ...[name, `${cases.filter(isRight).length} of ${cases.length}`, counted(cases, 'Pass'), counted(cases, 'Fail')],
    ...[tones.length, widest(tones, 1), echoes.length, widest(echoes, 0)],
  ];
};

const judged: JudgedCase[] = [];
const rows: (readonly (string | number)[])[] = [
  ['far end', 'right', 'of right expectations', 'of wrong ones', 'tones', 'off by Hz', 'echoes', 'off by ms'],
];
for (const [name, tryAll] of Object.entries(stages)) {
  if (!isWanted(name)) continue;
  const cases = await tryAll();
  judged.push(...cases);
  rows.push(rowOf(name, cases));
}
if (judged.length > 0) {
  printTable([...rows, rowOf('all', judged)]);
  for (const { name, misses } of judged.filter((each) => !isRight(each)))
    console.log(`  ${name}: ${misses.join('; ')}`);
}
const isRelayRight = !isWanted('relay') || (await printRelayed());
process.exitCode = judged.every(isRight) && isRelayRight ? 0 : 1;
