import type { SippStatistics } from './bench-sipp.ts';
import type { CallGenerator } from './call-generator.ts';
import { type CallRecords, numberOf } from './call-records.ts';
import type { CallStage } from './call-stage.ts';
import { ownProcessorMs, peakMemoryMb, processorTimeOf, resetPeakMemory } from './processor-time.ts';

export const HOLD_MS = 1500;
/** A peer's last retransmission, 64 T1 after its first message (RFC 3261 section 17), and sipp's own rest. */
const GONE_AFTER_MS = 45_000;

/** Milliseconds of processor time. */
export interface Costs {
  readonly serviceMain: number;
  readonly serviceOthers: number;
  readonly generator: number;
  readonly sipps: number;
}

/** What was measured while a load ran, and until the peers were rid of its calls. */
export interface Step {
  readonly records: CallRecords;
  /** Calls that were placed, connected and ended as they should at HTTP and at both peers. */
  readonly good: number;
  /** Calls that a peer counts as failed. */
  readonly failed: number;
  /** Messages that a peer sent again. */
  readonly resent: number;
  readonly costs: Costs;
  /** From when the POST was due to when the INVITE was at the phone; NaN: it was not. */
  readonly toInviteMs: Float64Array;
  /** Connections that were opened meanwhile. */
  readonly opened: number;
  readonly peakMb: number;
  /** Every call was good, and no peer has anything to say against it. */
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

const costsOf = ({ service, phone, carrier }: CallStage): Costs => {
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

/** When each call's INVITE reached the phone. */
const measureToInvite = async ({ phone }: CallStage, records: CallRecords): Promise<Float64Array> => {
  const origin = measureOrigin();
  const arrivals = await phone.arrivals();
  return records.placedAt.map((at, index) => {
    const arrival = arrivals.get(numberOf(records.firstNumber + index));
    return arrival === undefined ? Number.NaN : arrival - origin - at;
  });
};

export interface StepOptions {
  readonly stage: CallStage;
  readonly generator: CallGenerator;
  /** Places calls, and resolves when there is nothing more to wait for at HTTP. */
  readonly load: () => Promise<CallRecords>;
}

/** Measures everything while a load runs. */
export const measureStep = async ({ stage, generator, load }: StepOptions): Promise<Step> => {
  const before = await both((peer) => stage[peer].statistics());
  const [costsBefore, openedBefore] = [costsOf(stage), generator.opened];
  resetPeakMemory(stage.service.pid);
  const records = await load();
  const placed = records.posts(201);
  const after = await both((peer) => stage[peer].ended(placed, before[peer], GONE_AFTER_MS));
  const costs = difference(costsOf(stage), costsBefore);
  const gained = (peer: 'phone' | 'carrier', what: keyof SippStatistics): number =>
    after[peer][what] - before[peer][what];
  const failed = gained('phone', 'failed') + gained('carrier', 'failed');
  const good = Math.min(gained('phone', 'successful'), gained('carrier', 'successful'), records.kept);
  return {
    records,
    good,
    failed,
    resent: gained('phone', 'retransmissions') + gained('carrier', 'retransmissions'),
    costs,
    toInviteMs: await measureToInvite(stage, records),
    opened: generator.opened - openedBefore,
    peakMb: peakMemoryMb(stage.service.pid),
    isClean: good === records.count && failed === 0,
  };
};

/** So many calls a second for so many seconds. */
export const measureRate = (
  stage: CallStage,
  generator: CallGenerator,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<Step> =>
  measureStep({
    stage,
    generator,
    load: () => generator.run({ rate, count: Math.round(rate * seconds), holdMs: HOLD_MS }),
  });
