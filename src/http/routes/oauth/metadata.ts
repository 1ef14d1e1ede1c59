import { Router } from 'express';
import type { Authorization } from '../../../oauth/authorization.ts';
import { wellKnownDocuments } from '../../../oauth/server/server-metadata.ts';
import { refuseMethod } from '../../refuse-method.ts';
import { send } from '../../reply.ts';

const refuse = refuseMethod('GET, HEAD');

/** It changes only with a new version or another configuration of the service. */
const CACHEABLE = 'public, max-age=3600';

export interface MetadataRouterParts {
  /** The issuer, and the base of every address; no slash at its end. */
  readonly publicUrl: string;
}

/** What clients and front-ends find out by themselves: RFC 8414 and RFC 9728. */
export const createMetadataRouter = ({ publicUrl }: MetadataRouterParts): Router => {
  const documents = new Map(Array.from(wellKnownDocuments(publicUrl), ([path, json]) => [path, JSON.stringify(json)]));
  return Router().use((request, response, next) => {
    const document = documents.get(request.path);
    if (document === undefined) next();
    else if (request.method === 'GET' || request.method === 'HEAD') {
      response.set('Cache-Control', CACHEABLE).type('json').send(document);
    } else void refuse(request, response, next);
  });
};

const keysPath = '/oauth/jwks';
/** A new key is published a day before it signs. */
const KEYS_MAX_AGE_SECONDS = 300;

/** The keys that verify our tokens, for resources that check them without asking us: RFC 7517 section 5. */
export const createJwksRouter = ({ signingKeys }: Pick<Authorization, 'signingKeys'>): Router => {
  const router = Router();
  router.get(keysPath, async (_request, response) => {
    send(response, {
      status: 200,
      contentType: 'application/jwk-set+json',
      body: JSON.stringify(await signingKeys.published()),
      headers: { 'Cache-Control': `public, max-age=${KEYS_MAX_AGE_SECONDS}` },
    });
  });
  router.all(keysPath, refuse);
  return router;
};
