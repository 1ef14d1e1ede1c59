import type { ServerResponse } from 'node:http';
import type { CallRecord } from '../../../calls/call-record.ts';
import type { Principal, TokenReview } from '../../../oauth/request/principal.ts';
import { letLast } from '../../connections/connection.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { Format } from '../../negotiate.ts';

/** Who waits, for the limits. */
export interface Waiter {
  readonly familyId: string;
  readonly rank: 'operator' | 'other';
}

/** Looks for changes of one call from when it was begun. */
export interface CallWatch {
  /** Resolves at the first change; or when the time is over, or the signal is aborted. */
  changed(options: { readonly withinMs: number; readonly signal: AbortSignal }): Promise<void>;
  /** Frees everything. Idempotent. */
  close(): void;
}

/** PORT: tells of changes of a call, whichever process makes them. */
export interface CallChanges {
  /**
   * Begins to watch a call: no change after it is missed.
   * @throws AppError when too many wait already
   */
  watch(tokenCall: string, waiter: Waiter): Promise<CallWatch>;
}

export interface WaitDeps {
  readonly changes: CallChanges;
  readonly review: TokenReview;
}

/** One read that may wait. */
export interface ReadOfCall {
  readonly principal: Principal;
  /** The call as the principal may see it now. */
  readonly find: (principal: Principal) => Promise<CallRecord>;
  readonly format: Format;
  readonly ifNoneMatch: string | undefined;
  readonly waitSeconds: number | undefined;
}

/** What came of it; no call where it is what the requester has. */
export interface ReadCall {
  readonly call: CallRecord | undefined;
  readonly tag: string;
}

const MAX_WAIT_SECONDS = 60;

/**
 * Reads `wait`: whole seconds, 1 to 60.
 * @throws InvalidRequestError when it is something else
 */
export const readWait = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= MAX_WAIT_SECONDS) return seconds;
  const details = { field: 'wait' };
  throw new InvalidRequestError(`wait must be whole seconds, 1 to ${MAX_WAIT_SECONDS}.`, { details });
};

const withoutWeakness = (tag: string): string => tag.trim().replace(/^W\//, '');

/** Whether `If-None-Match` names a tag. RFC 9110 section 13.1.2: compared weakly, and a star is any. */
export const isNamedIn = (header: string | undefined, tag: string): boolean =>
  header?.split(',').some((each) => ['*', withoutWeakness(tag)].includes(withoutWeakness(each))) ?? false;

/** The tag of a call in one of its forms. Weak: two representations of one sequence may differ in what no event tells of. */
export const tagOf = ({ sequence }: CallRecord, form: Format | `${Format}-events`): string => `W/"${sequence}-${form}"`;

/** Who takes a place among those that wait or listen. */
export const holderOf = (principal: Principal): Waiter => ({
  familyId: principal.familyId,
  rank: principal.kind === 'user' && principal.permissions.has('calls:read-all') ? 'operator' : 'other',
});

/** Ends when the response does: nothing is left of a request that was aborted. */
const signalOf = (response: ServerResponse): AbortSignal => {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (response.destroyed) gone.abort();
  return gone.signal;
};

const compare = (call: CallRecord, { format, ifNoneMatch }: ReadOfCall): ReadCall => {
  const tag = tagOf(call, format);
  return { call: isNamedIn(ifNoneMatch, tag) ? undefined : call, tag };
};

/**
 * The call, as soon as it is not what the requester has, or when the time is over that the requester wants to wait. The token is
 * looked at again after that.
 * @throws InvalidTokenError when the token ended meanwhile
 * @throws AppError when too many wait already
 */
export const readWhenChanged = async (
  read: ReadOfCall,
  { changes, review }: WaitDeps,
  response: ServerResponse,
): Promise<ReadCall> => {
  const found = await read.find(read.principal);
  const first = compare(found, read);
  if (first.call !== undefined || read.waitSeconds === undefined) return first;
  const watch = await changes.watch(found.tokenCall, holderOf(read.principal));
  try {
    // Between the first look and the watch it may have changed.
    const second = compare(await read.find(read.principal), read);
    if (second.call !== undefined) return second;
    letLast(response);
    await watch.changed({ withinMs: read.waitSeconds * 1000, signal: signalOf(response) });
    return compare(await read.find(await review.review(read.principal.reviewKey)), read);
  } finally {
    watch.close();
  }
};
