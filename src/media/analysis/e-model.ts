/** What a connection does to speech. */
export interface Impairments {
  /** 0 to 100, the discards of the playout buffer included. */
  readonly lossPercent: number;
  /** From mouth to ear, in milliseconds. */
  readonly oneWayDelayMs: number;
}

/** R without any impairment but those of a telephone itself: the defaults of ITU-T G.107 (06/2015) table 3. */
const BEST_R = 93.2;
/** G.711 with packet loss concealment and random loss: ITU-T G.113 (11/2007) appendix I. */
const EQUIPMENT_IMPAIRMENT = 0;
const LOSS_ROBUSTNESS = 25.1;

/** Ie,eff of G.107 equation 7-29, with BurstR = 1. */
const lossImpairment = (lossPercent: number): number =>
  EQUIPMENT_IMPAIRMENT + (95 - EQUIPMENT_IMPAIRMENT) * (lossPercent / (lossPercent + LOSS_ROBUSTNESS));

/** Idd of G.107 equations 7-27 and 7-28: delay without echo, which a telephone cancels. */
const delayImpairment = (oneWayDelayMs: number): number => {
  if (oneWayDelayMs <= 100) return 0;
  const x = Math.log2(oneWayDelayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
};

/** The transmission rating factor R, from 0 to 93.2 (ITU-T G.107). */
export const ratingOf = ({ lossPercent, oneWayDelayMs }: Impairments): number =>
  Math.max(0, BEST_R - delayImpairment(oneWayDelayMs) - lossImpairment(lossPercent));

/** The mean opinion score that goes with R, from 1 to 4.5 (ITU-T G.107 annex B). */
export const mosOf = (r: number): number => {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
};
