import type { IdSource } from '../../shared/ids.ts';
import type { ServiceRecord } from './resolver.ts';

/** From 0 up to, but not including, `limit`. */
const randomBelow = (limit: number, ids: IdSource): number =>
  Math.floor((Buffer.from(ids.random(48), 'base64url').readUIntBE(0, 6) / 2 ** 48) * limit);

/** Draws the records of one priority, each the likelier the greater its weight. */
const drawByWeight = (records: readonly ServiceRecord[], ids: IdSource): ServiceRecord[] => {
  // A weight of zero goes first in the walk, so that it is chosen with a small chance only.
  const rest = records.toSorted((one, other) => one.weight - other.weight);
  const drawn: ServiceRecord[] = [];
  while (rest.length > 0) {
    const total = rest.reduce((sum, { weight }) => sum + weight, 0);
    let mark = randomBelow(total + 1, ids);
    const index = rest.findIndex(({ weight }) => (mark -= weight) <= 0);
    drawn.push(...rest.splice(index, 1));
  }
  return drawn;
};

/** SRV records in the order in which they are to be tried: lowest priority first, then by weight (RFC 2782). */
export const orderServices = (records: readonly ServiceRecord[], ids: IdSource): readonly ServiceRecord[] => {
  const priorities = [...new Set(records.map(({ priority }) => priority))].toSorted((one, other) => one - other);
  return priorities.flatMap((priority) =>
    drawByWeight(
      records.filter((record) => record.priority === priority),
      ids,
    ),
  );
};
