import type { DialledNumber } from './number.ts';

/** Numbers that cost their caller more than a call, as the word of the API. */
export type CostlyKind = 'premium-rate' | 'shared-cost' | 'personal-number' | 'satellite';

const kindOfType: Readonly<Partial<Record<NonNullable<DialledNumber['type']>, CostlyKind>>> = {
  PREMIUM_RATE: 'premium-rate',
  SHARED_COST: 'shared-cost',
  PERSONAL_NUMBER: 'personal-number',
};

/**
 * What no type tells: the satellites (ITU-T E.164 list of assigned country codes), and costly ranges of which not every
 * number is known to be assigned.
 */
const kindOfBeginning: readonly (readonly [RegExp, CostlyKind])[] = [
  [/^\+(?:870|881|882)/, 'satellite'],
  [/^\+979/, 'premium-rate'],
  [/^\+808/, 'shared-cost'],
  [/^\+878/, 'personal-number'],
  [/^\+1(?:900|[2-9]\d\d976\d{4}$)/, 'premium-rate'],
  [/^\+15(?:00|2\d|33|44|66|77|88)/, 'personal-number'],
  [/^\+44(?:9|87)/, 'premium-rate'],
  [/^\+4484/, 'shared-cost'],
  [/^\+4470/, 'personal-number'],
  [/^\+49(?:900|190)/, 'premium-rate'],
  [/^\+49(?:180|137)/, 'shared-cost'],
  [/^\+3389/, 'premium-rate'],
];

/** Whether a number costs its caller more than a call; undefined where it is not known to. */
export const costlyKindOf = ({ e164, type }: Pick<DialledNumber, 'e164' | 'type'>): CostlyKind | undefined =>
  (type && kindOfType[type]) ?? kindOfBeginning.find(([beginning]) => beginning.test(e164))?.[1];
