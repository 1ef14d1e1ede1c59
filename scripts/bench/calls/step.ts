import type { BenchSipp, NotedCall, SippStatistics } from './bench-sipp.ts';
import type { CallGenerator } from './call-generator.ts';
import { type CallRecords, numberOf } from './call-records.ts';
import { ownProcessorMs, peakMemoryMb, processorTimeOf, resetPeakMemory } from './processor-time.ts';

export const HOLD_MS = 1500;
/** A little more than the last retransmission takes, 64 T1 after the first message (RFC 3261 section 17). */
const GONE_AFTER_MS = 40_000;

/** Who is measured, and between whom. */
export interface MeasuredStage {
  readonly service: { readonly pid: number };
  readonly phone: BenchSipp;
  readonly carrier: BenchSipp;
}

/** What places the calls: only what it opened is asked. */
interface Opener {
  readonly opened: number;
}

/** Milliseconds of processor time. */
export interface Costs {
  readonly serviceMain: number;
  readonly serviceOthers: number;
  readonly generator: number;
  readonly sipps: number;
}

/** What became of the calls of one load, where they are looked at from outside. */
export interface Outcome {
  readonly records: CallRecords;
  /** 1: it was taken and ended at HTTP as it should be, and both peers were invited and had their BYE. */
  readonly isGood: Uint8Array;
  /** From when the POST was due to when the INVITE was at the phone; NaN: it was not. */
  readonly toInviteMs: Float64Array;
}

/** What was measured while calls were placed, and until the peers were rid of them. */
export interface Step {
  readonly outcomes: readonly Outcome[];
  readonly offered: number;
  readonly good: number;
  /** Calls that a peer counts as failed, those included that it takes for new because their message came too late. */
  readonly failed: number;
  /** Messages that a peer sent again. */
  readonly resent: number;
  readonly costs: Costs;
  /** How long the costs were counted. */
  readonly elapsedMs: number;
  /** Connections that were opened meanwhile. */
  readonly opened: number;
  readonly peakMb: number;
  /** Every call was good. */
  readonly isClean: boolean;
}

interface Peers {
  readonly phone: SippStatistics;
  readonly carrier: SippStatistics;
}

const both = async (of: (peer: 'phone' | 'carrier') => Promise<SippStatistics>): Promise<Peers> => {
  const [phone, carrier] = await Promise.all([of('phone'), of('carrier')]);
  return { phone, carrier };
};

const costsOf = ({ service, phone, carrier }: MeasuredStage): Costs => {
  const { wholeMs, mainMs } = processorTimeOf(service.pid);
  return {
    serviceMain: mainMs,
    serviceOthers: wholeMs - mainMs,
    generator: ownProcessorMs(),
    sipps: phone.cpuMs + carrier.cpuMs,
  };
};

const difference = (after: Costs, before: Costs): Costs => ({
  serviceMain: after.serviceMain - before.serviceMain,
  serviceOthers: after.serviceOthers - before.serviceOthers,
  generator: after.generator - before.generator,
  sipps: after.sipps - before.sipps,
});

/** Milliseconds since the epoch at the origin of `performance.now()`, by the clock that dates the peer's log, as of now. */
const measureOrigin = (): number => {
  const before = Date.now();
  for (;;) {
    const now = Date.now();
    if (now !== before) return now - performance.now();
  }
};

interface Noted {
  readonly phone: ReadonlyMap<string, NotedCall>;
  readonly carrier: ReadonlyMap<string, NotedCall>;
}

const outcomeOf = (records: CallRecords, { phone, carrier }: Noted, origin: number): Outcome => {
  const isGood = new Uint8Array(records.count);
  const toInviteMs = records.placedAt.map((placedAt, index) => {
    const number = numberOf(records.firstNumber + index);
    const [caller, callee] = [phone.get(number), carrier.get(number)];
    const isOver = caller?.endedAt !== undefined && callee?.endedAt !== undefined;
    isGood[index] = isOver && records.isKept(index) ? 1 : 0;
    return caller === undefined ? Number.NaN : caller.invitedAt - origin - placedAt;
  });
  return { records, isGood, toInviteMs };
};

export const countGood = ({ isGood }: Outcome): number => isGood.reduce((sum, each) => sum + each, 0);

const sum = (figures: readonly number[]): number => figures.reduce((total, each) => total + each, 0);

export interface StepOptions {
  readonly stage: MeasuredStage;
  readonly generator: Opener;
  /** Places calls, and resolves when there is nothing more to wait for at HTTP. */
  readonly load: () => Promise<readonly CallRecords[]>;
}

/** Measures everything while calls are placed. */
export const measureStep = async ({ stage, generator, load }: StepOptions): Promise<Step> => {
  const { phone, carrier, service } = stage;
  await Promise.all([phone.forget(), carrier.forget()]);
  const before = await both((peer) => stage[peer].statistics());
  const [costsBefore, openedBefore] = [costsOf(stage), generator.opened];
  resetPeakMemory(service.pid);
  const begun = performance.now();
  const all = await load();
  const origin = measureOrigin();
  const taken = sum(all.map((records) => records.posts(201)));
  await Promise.all([phone.ended(taken, GONE_AFTER_MS), carrier.ended(taken, GONE_AFTER_MS)]);
  const [costs, elapsedMs] = [difference(costsOf(stage), costsBefore), performance.now() - begun];
  const after = await both((peer) => stage[peer].statistics());
  const gained = (what: keyof SippStatistics): number =>
    after.phone[what] - before.phone[what] + after.carrier[what] - before.carrier[what];
  const noted = { phone: await phone.calls(), carrier: await carrier.calls() };
  const outcomes = all.map((records) => outcomeOf(records, noted, origin));
  const [offered, good, failed] = [sum(all.map(({ count }) => count)), sum(outcomes.map(countGood)), gained('failed')];
  return {
    outcomes,
    offered,
    good,
    failed,
    resent: gained('retransmissions'),
    costs,
    elapsedMs,
    opened: generator.opened - openedBefore,
    peakMb: peakMemoryMb(service.pid),
    isClean: good === offered,
  };
};

/** So many calls a second for so many seconds. */
export const measureRate = (
  stage: MeasuredStage,
  generator: Opener & Pick<CallGenerator, 'run'>,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<Step> =>
  measureStep({
    stage,
    generator,
    load: async () => [await generator.run({ rate, count: Math.round(rate * seconds), holdMs: HOLD_MS })],
  });
