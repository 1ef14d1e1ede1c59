/**
 * The bytes of a message that may have to be sent again, as a one-byte string. A Buffer costs some 200 bytes more,
 * and a slice of Node's pool would hold 8 kB for as long as the transaction lingers.
 */
export type KeptBytes = string;

export const keepBytes = (data: Buffer): KeptBytes => data.toString('latin1');

export const releaseBytes = (kept: KeptBytes): Buffer => Buffer.from(kept, 'latin1');
