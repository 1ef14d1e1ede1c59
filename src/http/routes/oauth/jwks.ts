import { Router } from 'express';
import type { SigningKeys } from '../../../oauth/keys/signing-keys.ts';
import { MethodNotAllowedError } from '../../errors.ts';
import { send } from '../../reply.ts';

export interface JwksRouterDeps {
  readonly keys: Pick<SigningKeys, 'published'>;
}

const path = '/oauth/jwks';
/** A new key is published a day before it signs. */
const MAX_AGE_SECONDS = 300;

/** The keys that verify our tokens, for whoever checks them without asking us: RFC 7517 section 5. */
export const createJwksRouter = ({ keys }: JwksRouterDeps): Router => {
  const router = Router();
  router.get(path, async (_request, response) => {
    send(response, {
      status: 200,
      contentType: 'application/jwk-set+json',
      body: JSON.stringify(await keys.published()),
      headers: { 'Cache-Control': `public, max-age=${MAX_AGE_SECONDS}` },
    });
  });
  router.all(path, () => {
    throw new MethodNotAllowedError('GET, HEAD');
  });
  return router;
};
