/** A test call with the verdict that it must have. */
export interface VerdictCase {
  readonly name: string;
  /** Of the script; the stage adds its name and its number. */
  readonly script: {
    readonly expect?: Readonly<Record<string, string | number>>;
    readonly steps?: readonly object[];
    readonly timeout?: number;
  };
  /** The expectations that must fail, all others must pass; where it is empty, the run must pass. */
  readonly fails: readonly string[];
  /** What must be measured besides. */
  readonly measures?: Measures;
}

export interface Measures {
  readonly toneHz?: number;
  readonly echoDelayMs?: number;
}

/** What is measured besides a verdict is right within these. */
const TONE_WITHIN_HZ = 2;
const ECHO_WITHIN_MS = 10;

/** What of a run is compared. */
export interface JudgedRun {
  readonly status: string;
  readonly reason: string | null;
  readonly expectations: readonly { readonly name: string; readonly seen: unknown; readonly verdict: string }[];
  readonly heard: { readonly tone_hz: number | null; readonly echo_delay_ms: number | null } | null;
}

const farFrom = (seen: number | null | undefined, wanted: number | undefined, within: number): boolean =>
  wanted !== undefined && !(Math.abs((seen ?? Infinity) - wanted) <= within);

const measuredWrong = ({ measures = {} }: VerdictCase, { heard }: JudgedRun): readonly string[] => [
  ...(farFrom(heard?.tone_hz, measures.toneHz, TONE_WITHIN_HZ)
    ? [`a tone of ${heard?.tone_hz ?? 'nothing'} Hz for ${measures.toneHz} Hz`]
    : []),
  ...(farFrom(heard?.echo_delay_ms, measures.echoDelayMs, ECHO_WITHIN_MS)
    ? [`an echo after ${heard?.echo_delay_ms ?? 'no'} ms for ${measures.echoDelayMs} ms`]
    : []),
];

/** What of a run is wrong, in words; nothing where it is judged as it must be. */
export const missesOf = (wanted: VerdictCase, run: JudgedRun | undefined): readonly string[] => {
  if (run === undefined) return ['it did not run'];
  const status = wanted.fails.length === 0 ? 'Pass' : 'Fail';
  const isStatusWrong = run.status !== status;
  return [
    ...(isStatusWrong ? [`${run.status} for ${status}${run.reason === null ? '' : ` (${run.reason})`}`] : []),
    ...run.expectations
      .filter(({ name, verdict }) => (verdict === 'Fail') !== wanted.fails.includes(name))
      .map(({ name, verdict, seen }) => `${name}: ${verdict}, seen ${String(seen)}`),
    ...wanted.fails.filter((name) => !run.expectations.some((each) => each.name === name)).map((name) => `no ${name}`),
    ...measuredWrong(wanted, run),
  ];
};

/** What can be expected of one far end: what is right there, and what is wrong there. */
export interface Truth {
  /** Each is a case which passes. */
  readonly right: readonly VerdictCase['script']['expect'][];
  /** Each is a case in which exactly the expectations fail that are named first. */
  readonly wrong: readonly (readonly [fails: readonly string[], expect: VerdictCase['script']['expect']])[];
}

const wordsOf = (expect: VerdictCase['script']['expect']): string =>
  Object.entries(expect ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** A case for each expectation. @param base - what else the script has */
export const casesOf = (
  name: string,
  { right, wrong }: Truth,
  base: Omit<VerdictCase, 'fails' | 'name'>,
): readonly VerdictCase[] => {
  const caseOf = (expect: VerdictCase['script']['expect'], fails: readonly string[]): VerdictCase => ({
    ...base,
    name: `${name}: ${wordsOf(expect)}`,
    script: { ...base.script, expect: { ...base.script.expect, ...expect } },
    fails,
  });
  return [...right.map((expect) => caseOf(expect, [])), ...wrong.map(([fails, expect]) => caseOf(expect, fails))];
};
