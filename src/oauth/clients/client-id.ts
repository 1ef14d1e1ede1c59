import type { IdSource } from '../../shared/ids.ts';

/** Never given twice: the history of calls and the audit log name clients that are long gone. */
const BITS = 128;

/** A new `client_id`, in digits that no form, address or Basic header has to escape. */
export const newClientId = (ids: IdSource): string => Buffer.from(ids.random(BITS), 'base64url').toString('hex');
