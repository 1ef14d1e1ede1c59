import type { Outcome, Step } from './step.ts';
import { Table } from './table.ts';
import { quantile, serviceCost } from './words.ts';

export interface MeasuredRate {
  readonly rate: number;
  readonly connections: number;
  /** What was measured and how it began: `cold`, `warm` or another service. */
  readonly start: string;
}

/** Costs and latencies of one rate in a row. */
export const createRateTable = (): Table =>
  new Table([
    ...['calls/s', 'conns', 'opened', 'start', 'calls', 'good', 'resent'],
    ...['CPU ms/call', 'main', 'others', 'generator', 'sipps'],
    ...['POST p50 ms', 'p99', 'POST-INVITE p50', 'p99', 'PUT p50', 'p99', 'late p99', 'peak MB'],
  ]);

/** By how much the generator itself placed calls too late: what it says of the service is worth as much. */
const latenessMs = ({ records: { placedAt } }: Outcome, rate: number): Float64Array =>
  placedAt.map((at, index) => at - (placedAt[0] ?? 0) - (index * 1000) / rate);

export const rateRow = (
  step: Step,
  outcome: Outcome,
  { rate, connections, start }: MeasuredRate,
): (string | number)[] => {
  const { costs, offered } = step;
  const { records, toInviteMs } = outcome;
  const perCall = (cost: number): string => (cost / offered).toFixed(3);
  const times = [records.postMs, toInviteMs, records.putMs].flatMap((ms) => [quantile(ms, 0.5), quantile(ms, 0.99)]);
  return [
    ...[rate, connections, step.opened, start, offered, step.good, step.resent],
    ...[serviceCost(costs), costs.serviceMain, costs.serviceOthers, costs.generator, costs.sipps].map(perCall),
    ...[...times, quantile(latenessMs(outcome, rate), 0.99), Math.round(step.peakMb)],
  ];
};
