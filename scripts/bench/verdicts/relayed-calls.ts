import { mosOf, ratingOf } from '../../../src/media/analysis/e-model.ts';
import { relayedCalls } from '../../../test/interop/verdicts/relayed-calls.ts';
import { type SeenRelayedCall, tryRelayed } from '../../../test/interop/verdicts/relayed-stage.ts';
import { printTable } from '../figures.ts';

const LOSS_WITHIN = 0.5;
const MOS_WITHIN = 0.15;
/** Of a packet and of the playout buffer, as docs/what-is-measured.md has it. */
const OWN_DELAY_MS = 80;

const HEADINGS = [
  'loss %',
  'jitter to ms',
  'delay ms',
  'dropped',
  'and late',
  'measured',
  'jitter',
  'echo ms',
  'MOS',
  'measured',
];

const isNear = (seen: number | null | undefined, wanted: number, within: number): boolean =>
  typeof seen === 'number' && Math.abs(seen - wanted) <= within;

const shown = (seen: number | null | undefined): string | number => seen ?? '-';

/** The MOS that the stated formula has for what was injected. */
const formulaMos = ({ lossPercent, delayMs }: SeenRelayedCall['injected']): number =>
  mosOf(ratingOf({ lossPercent, oneWayDelayMs: delayMs / 2 + OWN_DELAY_MS }));

const isRight = ({ injected, heard }: SeenRelayedCall): boolean =>
  isNear(heard?.loss_percent, injected.lossPercent, LOSS_WITHIN) &&
  isNear(heard?.mos, formulaMos(injected), MOS_WITHIN);

const rowOf = (seen: SeenRelayedCall): readonly (string | number)[] => {
  const { call, injected, heard } = seen;
  const done = [injected.droppedPercent.toFixed(2), injected.lossPercent.toFixed(2)];
  const planned = [call.lossPercent, call.jitterMs, call.delayMs, ...done];
  const measured = [shown(heard?.loss_percent), shown(heard?.jitter_ms), shown(heard?.echo_delay_ms)];
  return [...planned, ...measured, formulaMos(injected).toFixed(2), shown(heard?.mos), isRight(seen) ? 'yes' : 'NO'];
};

/** Calls through a relay which loses and delays by a plan, as a table. @returns whether all were measured right */
export const printRelayed = async (): Promise<boolean> => {
  const seen = await tryRelayed(relayedCalls);
  console.log('Through a relay: what the plan has, what the relay did in percent, what was measured');
  printTable([[...HEADINGS, 'right'], ...seen.map(rowOf)]);
  return seen.every(isRight);
};
