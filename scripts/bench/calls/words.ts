import { percentile } from '../figures.ts';
import { NO_REPLY } from './call-records.ts';
import type { Costs, MeasuredStage, Outcome, Step } from './step.ts';

/** Milliseconds below which that share lies, without what never came. */
export const quantile = (figures: Float64Array, share: number): string =>
  percentile(
    figures.filter((figure) => !Number.isNaN(figure)),
    share,
  ).toFixed(1);

/** A share of one as per cent. */
export const perCent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export const serviceCost = ({ serviceMain, serviceOthers }: Costs): number => serviceMain + serviceOthers;

const countStatuses = ({ records, isGood }: Outcome, into: Map<string, number>): void => {
  for (let index = 0; index < records.count; index += 1) {
    if (isGood[index] === 1) continue;
    const [post, put] = [records.postStatus[index] ?? NO_REPLY, records.putStatus[index] ?? NO_REPLY];
    const told = post === 201 ? `POST 201, PUT ${put === NO_REPLY ? 'without a reply' : put}` : `POST ${post}`;
    const key = post === NO_REPLY ? 'POST without a reply' : told;
    into.set(key, (into.get(key) ?? 0) + 1);
  }
};

const ERROR_LINES = 6;
const ERROR_LENGTH = 200;

/** What sipp found unexpected first, which it writes without an end of line between two of them. */
const excerpt = (errors: string): string[] =>
  errors
    .split('\n')
    .slice(0, ERROR_LINES)
    .map((line) => `  ${line.slice(0, ERROR_LENGTH)}`);

/** What HTTP and the peers had to say of calls that were not good. */
export const describeFailure = async (
  { offered, good, failed, outcomes }: Step,
  { phone, carrier }: Pick<MeasuredStage, 'phone' | 'carrier'>,
): Promise<string> => {
  const statuses = new Map<string, number>();
  for (const outcome of outcomes) countStatuses(outcome, statuses);
  const told = [...statuses].map(([key, times]) => `${times} times ${key}`).join('; ');
  const errors = [phone, carrier].map(async (peer) => excerpt(await peer.errors()));
  const summary = `not good: ${offered - good} of ${offered} calls (${told}); ${failed} failed at the peers`;
  return [summary, ...(await Promise.all(errors)).flat()].join('\n');
};
