import { createHash } from 'node:crypto';
import type { AnswerWish } from './call-engine.ts';
import { InvalidCommandError } from './errors.ts';

/** In place of a number: the caller does not want to be shown (RFC 3323). */
export const ANONYMOUS = 'anonymous';

/** A call that is wanted. */
export interface PlaceCall {
  /** The fields before whose digits a plus may have been lost: they may begin with `+`, or with a blank. Absent: none. */
  readonly plusPerhapsLost?: ReadonlySet<string> | undefined;
  /** As it was dialled: a number or an extension. */
  readonly number: string;
  /** The name of one of the user's phones; absent: the best that can be reached. */
  readonly from?: string | undefined;
  /** A number of the user's that the destination is shown, or `ANONYMOUS`; absent: the trunk's own. */
  readonly callerId?: string | undefined;
  /** Whole seconds for the user's phone to answer, 5 to 120; absent: 30. */
  readonly timeoutSeconds?: number | undefined;
  /** Whole seconds for the destination to answer, 5 to 120; absent: 60. */
  readonly destinationTimeoutSeconds?: number | undefined;
  /** Whether the user's phone is to answer by itself, where it knows how; absent: as the phone is configured. */
  readonly answer?: AnswerWish | undefined;
  /** The same key again, with the same command: the same call. */
  readonly idempotencyKey?: string | undefined;
}

/** The request that brought a command: what the log ties a call to, and nothing stores. */
export interface CallOrigin {
  readonly requestId: string;
  /** W3C Trace Context, where the request is part of a trace. */
  readonly traceId: string | undefined;
}

/** On whose behalf a command is given. */
export interface Requester {
  readonly userId: string;
  readonly username: string;
  readonly clientId: string;
  /** Whose calls may be seen and ended. */
  readonly scope: 'own' | 'everybody';
  readonly origin?: CallOrigin | undefined;
}

/** An application that looks at the calls that it placed, and acts for no user. */
export interface ApplicationViewer {
  readonly clientId: string;
  /** For whom it placed the calls that it may see. */
  readonly userIds: ReadonlySet<string>;
  readonly scope: 'application';
}

/** Who looks at calls. */
export type Viewer = Requester | ApplicationViewer;

/** How long each phone may ring. */
export interface RingTimes {
  readonly timeoutSeconds: number;
  readonly destinationTimeoutSeconds: number;
}

const MIN_RING_SECONDS = 5;
const MAX_RING_SECONDS = 120;

const ringSeconds = (field: string, seconds: number): number => {
  if (Number.isInteger(seconds) && seconds >= MIN_RING_SECONDS && seconds <= MAX_RING_SECONDS) return seconds;
  throw new InvalidCommandError(`${field} must be whole seconds, ${MIN_RING_SECONDS} to ${MAX_RING_SECONDS}.`, {
    details: { field },
  });
};

/**
 * The ring times of a command, 30 and 60 seconds where it names none.
 * @throws InvalidCommandError where a time is not whole seconds, 5 to 120
 */
export const ringTimesOf = (command: PlaceCall): RingTimes => ({
  timeoutSeconds: ringSeconds('timeout', command.timeoutSeconds ?? 30),
  destinationTimeoutSeconds: ringSeconds('destination_timeout', command.destinationTimeoutSeconds ?? 60),
});

/** SHA-256 of what the command asks, base64url; `number` is the destination however it was written. */
export const fingerprintOf = (
  command: PlaceCall,
  { number, times, digitsAfterAnswer }: { number: string; times: RingTimes; digitsAfterAnswer: string },
): string => {
  const asked: unknown[] = [
    ...[number, command.from ?? null, command.callerId ?? null],
    ...[times.timeoutSeconds, times.destinationTimeoutSeconds],
  ];
  // Only where it is asked: what was stored before stays comparable.
  if (command.answer !== undefined) asked.push(command.answer);
  // Digits may be a PIN, and four of them are soon guessed from a hash: only how many there are, and where they pause.
  if (digitsAfterAnswer !== '') asked.push(digitsAfterAnswer.replace(/[^,]/g, '0'));
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64url');
};
