import { Webhook as Signer } from 'standardwebhooks';
import type { IdSource } from '../../shared/ids.ts';
import type { SigningSecrets } from './model.ts';

/** Of random bits in a secret: Standard Webhooks asks for 192 to 512. */
const SECRET_BITS = 256;

/** In the form of Standard Webhooks, which libraries read as it is. */
export const newSigningSecret = (ids: IdSource): string =>
  `whsec_${Buffer.from(ids.random(SECRET_BITS), 'base64url').toString('base64')}`;

/**
 * The headers of Standard Webhooks. While two secrets sign, each has its signature; a receiver takes either.
 * @param now - of the wall clock: receivers refuse what is older than some minutes
 */
export const signatureHeaders = (
  { messageId, body }: { readonly messageId: string; readonly body: string },
  { secrets, now }: { readonly secrets: SigningSecrets; readonly now: number },
): Readonly<Record<string, string>> => ({
  'webhook-id': messageId,
  'webhook-timestamp': String(Math.floor(now / 1000)),
  'webhook-signature': secrets.map((secret) => new Signer(secret).sign(messageId, new Date(now), body)).join(' '),
});
