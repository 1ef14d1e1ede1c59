import { z } from 'zod';
import {
  type ClientToRegister,
  type ClientWithSecret,
  selfServiceGrantTypes,
  selfServiceScopes,
} from '../../../oauth/clients/client-description.ts';
import { OAuthError } from '../../../oauth/model/errors.ts';
import { formatScopes } from '../../../oauth/model/permissions.ts';
import { clientAuthenticationMethods } from '../../../oauth/server/server-metadata.ts';

/*
 * The metadata of a client in the words of RFC 7591 section 2, with its defaults. Fields that we do not know are left
 * alone: section 2 has the server ignore them.
 */

/** More than we give is narrowed, as the answer shows (RFC 7591 section 3.2.1). */
const scope = z.string().transform((text) => {
  const names = new Set(text.split(' '));
  return selfServiceScopes.filter((name) => names.has(name));
});

const metadata = z.object({
  redirect_uris: z.array(z.string()).default([]),
  token_endpoint_auth_method: z.enum(clientAuthenticationMethods).default('client_secret_basic'),
  grant_types: z.array(z.enum(selfServiceGrantTypes)).default(['authorization_code']),
  response_types: z.array(z.literal('code')).optional(),
  client_name: z.string().optional(),
  scope: scope.default(['call']),
  dpop_bound_access_tokens: z.boolean().default(false), // RFC 9449 section 5.2
});

export type ClientMetadata = z.infer<typeof metadata>;

const faultOf = (error: z.ZodError): OAuthError => {
  const field = String(error.issues[0]?.path[0] ?? 'The body');
  const code = field === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata';
  return new OAuthError(code, `${field} is not valid, or not supported.`);
};

/** RFC 7591 section 2.1. */
const checkResponseTypes = ({ grant_types, response_types }: ClientMetadata): void => {
  const usesCodes = grant_types.includes('authorization_code');
  if (response_types === undefined || response_types.includes('code') === usesCodes) return;
  throw new OAuthError(
    'invalid_client_metadata',
    'response_types code and grant_types authorization_code go together.',
  );
};

/**
 * @throws OAuthError `invalid_redirect_uri` where the addresses are no list of texts
 * @throws OAuthError `invalid_client_metadata` where another field is not valid, or not supported
 */
export const parseClientMetadata = (body: unknown): ClientMetadata => {
  const parsed = metadata.safeParse(body);
  if (!parsed.success) throw faultOf(parsed.error);
  checkResponseTypes(parsed.data);
  return parsed.data;
};

/** The client as the authorization server speaks of it. */
export const clientToRegister = (asked: ClientMetadata): ClientToRegister => ({
  name: asked.client_name,
  type: asked.token_endpoint_auth_method === 'none' ? 'public' : 'confidential',
  redirectUris: asked.redirect_uris,
  grantTypes: [...new Set(asked.grant_types)],
  scopes: asked.scope,
  tokenBinding: asked.dpop_bound_access_tokens ? 'dpop' : 'on-request',
});

/** RFC 7591 section 3.2.1: what was registered, which may be other than what was asked. */
export const registeredMetadata = ({ client, secret }: ClientWithSecret, asked: ClientMetadata): object => ({
  client_id: client.id,
  client_id_issued_at: Math.floor(client.createdAt / 1000),
  ...(secret !== null && { client_secret: secret, client_secret_expires_at: 0 }),
  client_name: client.name,
  redirect_uris: client.redirectUris,
  grant_types: client.grantTypes,
  response_types: client.responseTypes,
  token_endpoint_auth_method: asked.token_endpoint_auth_method,
  scope: formatScopes(client.scopes),
  dpop_bound_access_tokens: client.tokenBinding === 'dpop',
});
