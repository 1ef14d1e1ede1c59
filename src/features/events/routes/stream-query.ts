import type { IncomingMessage } from 'node:http';
import { InvalidRequestError } from '../../../http/errors.ts';
import { refuseUnknown } from '../../../http/known-names.ts';
import { parameter, type Query } from '../../../http/query.ts';
import { readEventId, type ResumePoint } from '../frames.ts';
import type { Selection } from '../selection.ts';

const withToken = ['token_call', 'all', 'last_event_id', 'access_token'];
const withStreamToken = ['stream_token', 'last_event_id'];

/**
 * The parameters of a stream are all known.
 * @throws InvalidRequestError when one is not, and would be ignored
 */
export const refuseUnknownParameters = (query: Query, kind: 'token' | 'stream-token'): void =>
  refuseUnknown('parameter', {
    names: [...(query?.keys() ?? [])],
    known: kind === 'token' ? withToken : withStreamToken,
  });

/**
 * Which calls are asked for; the same of a query and of a body.
 * @throws InvalidRequestError when that is not clear
 */
export const readSelection = (tokenCall: unknown, all: unknown): Selection => {
  if (!['true', 'false', true, false, undefined, null, ''].includes(all as string)) {
    throw new InvalidRequestError('all must be true or false.', { details: { field: 'all' } });
  }
  const isAll = all === 'true' || all === true;
  if (tokenCall === undefined || tokenCall === null || tokenCall === '') return { kind: isAll ? 'all' : 'own' };
  const details = { field: 'token_call' };
  if (typeof tokenCall !== 'string') throw new InvalidRequestError('token_call is not valid.', { details });
  if (isAll) throw new InvalidRequestError('token_call and all exclude each other.', { details });
  return { kind: 'call', tokenCall };
};

/** Where the reader stopped: the header that an EventSource sends, which knows more than an address that stays the same. */
export const readResumePoint = ({ headers }: IncomingMessage, query: Query): ResumePoint | undefined => {
  const sent = headers['last-event-id'];
  const inHeader = typeof sent === 'string' ? sent.trim() : '';
  const id = inHeader === '' ? (parameter(query, 'last_event_id') ?? '') : inHeader;
  return id === '' ? undefined : readEventId(id);
};
