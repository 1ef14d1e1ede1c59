import { z } from 'zod';
import type { PlaceCall } from '../../../calls/call-command.ts';
import { InvalidCommandError, InvalidNumberError } from '../../../calls/errors.ts';
import type { Fields } from '../../body.ts';
import { InvalidRequestError } from '../../errors.ts';

/*
 * Bodies at the edge. Fields that we do not know are left alone: forms carry more than is asked, and a client written
 * for a later version must not break here. An optional field that is empty was not filled in.
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

const placeCallBody = z.object({
  number: dialled,
  from: optionalText,
  caller_id: z.preprocess(emptyAsAbsent, dialled.optional()),
  timeout: optionalSeconds,
  destination_timeout: optionalSeconds,
});

const stopCallBody = z.object({ token_call: z.string().min(1) });

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
 * @throws InvalidRequestError when the idempotency key is not valid
 */
export const parsePlaceCall = (fields: Fields, idempotencyKey: string | string[] | undefined): PlaceCall => {
  const parsed = placeCallBody.safeParse(fields);
  if (!parsed.success) {
    const field = fieldOf(parsed.error);
    if (field === 'number') throw new InvalidNumberError('The number is missing or not a number.');
    throw new InvalidCommandError(`${field} is not valid.`, { details: { field } });
  }
  const { number, from, caller_id, timeout, destination_timeout } = parsed.data;
  return {
    number,
    from,
    callerId: caller_id,
    timeoutSeconds: timeout,
    destinationTimeoutSeconds: destination_timeout,
    idempotencyKey: parseIdempotencyKey(idempotencyKey),
  };
};

/**
 * The token of the call to end.
 * @throws InvalidCommandError when it is missing
 */
export const parseStopCall = (fields: Fields): string => {
  const parsed = stopCallBody.safeParse(fields);
  if (parsed.success) return parsed.data.token_call;
  throw new InvalidCommandError('token_call is missing.', { details: { field: 'token_call' } });
};
