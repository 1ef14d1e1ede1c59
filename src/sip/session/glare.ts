import type { DialogLine, Final } from './dialog-request.ts';
import { randomFraction } from './random-fraction.ts';

/** A longer Retry-After is a refusal. */
const MAX_RETRY_AFTER_SECONDS = 10;

/**
 * How many milliseconds to wait before a refused offer is made again (RFC 3261 section 14.1): after 491 a random time,
 * longer for the owner of the Call-ID; after a 500 the Retry-After that a busy peer gave (section 14.2).
 * @returns undefined where it is not to be made again
 */
export const glareDelay = (final: Final, { context, dialog }: DialogLine): number | undefined => {
  if (final.status === 491) {
    const fraction = randomFraction(context.ids);
    return dialog.role === 'uac' ? 2100 + 10 * Math.floor(fraction * 191) : 10 * Math.floor(fraction * 201);
  }
  if (final.status !== 500) return undefined;
  const seconds = Number.parseInt(final.response?.headers.get('retry-after') ?? '', 10);
  return seconds <= MAX_RETRY_AFTER_SECONDS ? Math.max(seconds, 1) * 1000 : undefined;
};
