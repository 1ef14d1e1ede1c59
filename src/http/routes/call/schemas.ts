import { z } from 'zod';
import type { PlaceCall } from '../../../calls/call-command.ts';
import { InvalidCommandError, InvalidNumberError } from '../../../calls/errors.ts';
import { type Body, refuseRepeated } from '../../body.ts';
import { InvalidRequestError } from '../../errors.ts';
import { refuseUnknown } from '../../known-names.ts';

/*
 * Requests at the edge. What a command to place a call asks that we do not know is refused: a timeout that is misspelt must not
 * pass for none. An optional field that is empty was not filled in.
 */

const emptyAsAbsent = (value: unknown): unknown => (value === '' || value === null ? undefined : value);

/** JSON clients send a number as a number. */
const dialled = z.union([z.string().min(1), z.number().int().nonnegative().transform(String)]);

const optionalText = z.preprocess(emptyAsAbsent, z.string().optional());

const optionalSeconds = z.preprocess(
  emptyAsAbsent,
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,6}$/)
        .transform(Number),
    ])
    .optional(),
);

/** Forms send text. */
const optionalChoice = z.preprocess(
  emptyAsAbsent,
  z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).optional(),
);

const placeCallBody = z.object({
  number: dialled,
  from: optionalText,
  caller_id: z.preprocess(emptyAsAbsent, dialled.optional()),
  timeout: optionalSeconds,
  destination_timeout: optionalSeconds,
  auto_answer: optionalChoice,
});

const fieldOf = (error: z.ZodError): string => String(error.issues[0]?.path[0] ?? '');

const IDEMPOTENCY_KEY = /^[\x21-\x7e][\x20-\x7e]{0,254}$/;

/**
 * Reads the header, where it was sent.
 * @throws InvalidRequestError when it is longer than 255 characters, or not printable
 */
const parseIdempotencyKey = (header: string | string[] | undefined): string | undefined => {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header)) return header;
  throw new InvalidRequestError('Idempotency-Key must be 1 to 255 printable characters.');
};

/**
 * Reads the command of a POST.
 * @throws InvalidNumberError when the number is missing or none
 * @throws InvalidCommandError when another field is not valid
 * @throws InvalidRequestError when the idempotency key is not valid, or a field is unknown or was sent more than once
 */
export const parsePlaceCall = (
  { fields, repeated, plusPerhapsLost }: Body,
  idempotencyKey: string | string[] | undefined,
): PlaceCall => {
  refuseUnknown('field', { names: Object.keys(fields), known: Object.keys(placeCallBody.shape) });
  refuseRepeated(repeated);
  const parsed = placeCallBody.safeParse(fields);
  if (!parsed.success) {
    const field = fieldOf(parsed.error);
    if (field === 'number') throw new InvalidNumberError('The number is missing or not a number.');
    throw new InvalidCommandError(`${field} is not valid.`, { details: { field } });
  }
  const { number, from, caller_id, timeout, destination_timeout, auto_answer } = parsed.data;
  return {
    number,
    plusPerhapsLost,
    from,
    callerId: caller_id,
    timeoutSeconds: timeout,
    destinationTimeoutSeconds: destination_timeout,
    answer: auto_answer === undefined ? undefined : auto_answer ? 'automatic' : 'manual',
    idempotencyKey: parseIdempotencyKey(idempotencyKey),
  };
};

const tokenIn = ({ fields, repeated }: Pick<Body, 'fields' | 'repeated'>): readonly string[] => {
  const { token_call: token } = fields;
  if (repeated.has('token_call')) refuseRepeated(new Set(['token_call']));
  return typeof token === 'string' && token !== '' ? [token] : [];
};

/**
 * The token of the call to end, of the query or the body, which may be the whole call: other fields are ignored.
 * @throws InvalidCommandError when it is missing
 * @throws InvalidRequestError when it was sent more than once in one place, or differs between the two
 */
export const parseStopCall = (body: Pick<Body, 'fields' | 'repeated'>, inQuery: string | undefined): string => {
  const tokens = new Set([...(inQuery === undefined || inQuery === '' ? [] : [inQuery]), ...tokenIn(body)]);
  const [tokenCall] = tokens;
  const details = { field: 'token_call' };
  if (tokenCall === undefined) throw new InvalidCommandError('token_call is missing.', { details });
  if (tokens.size === 1) return tokenCall;
  throw new InvalidRequestError('The query and the body name two calls.', { details });
};

const readParameters = {
  call: ['token_call', 'wait', 'all', 'access_token', 'state', 'expand'],
  list: ['token_call', 'all', 'access_token', 'state', 'expand'],
};

/**
 * The parameters of a GET are all known.
 * @throws InvalidRequestError when one is not, and would be ignored
 */
export const refuseUnknownParameters = (query: URLSearchParams | undefined, of: 'call' | 'list'): void =>
  refuseUnknown('parameter', { names: [...(query?.keys() ?? [])], known: readParameters[of] });
