import { DPOP_ALGORITHMS } from '../keys/dpop-proofs.ts';
import { DEVICE_CODE_GRANT, type GrantType, type ResponseType } from '../model/account-stores.ts';
import { scopePermissions } from '../model/permissions.ts';
import { RESOURCE_PATH, resourceOf } from '../model/resource.ts';

/** RFC 8414 section 2: how a client authenticates; `none` is a public one. */
export const clientAuthenticationMethods = ['client_secret_basic', 'client_secret_post', 'none'] as const;

const grantTypes: readonly GrantType[] = [
  'authorization_code',
  'refresh_token',
  'password',
  'client_credentials',
  DEVICE_CODE_GRANT,
];

const responseTypes: readonly ResponseType[] = ['code', 'token'];

const scopes = Object.keys(scopePermissions);

/** RFC 9449 section 7.1: the `algs` of a challenge. */
export const challengeAlgorithms: string = DPOP_ALGORITHMS.join(' ');

/** Where the resource is described (RFC 9728 section 5.1). */
export const resourceMetadataOf = (publicUrl: string): string =>
  `${publicUrl}/.well-known/oauth-protected-resource${RESOURCE_PATH}`;

/**
 * RFC 8414 section 2. It lists what works, and nothing else.
 * @param publicUrl the issuer, and the base of every address; no slash at its end. Never what a request claims
 */
const serverMetadata = (publicUrl: string): object => ({
  issuer: publicUrl,
  authorization_endpoint: `${publicUrl}/oauth/auth`,
  token_endpoint: `${publicUrl}/oauth/token`,
  revocation_endpoint: `${publicUrl}/oauth/revoke`,
  introspection_endpoint: `${publicUrl}/oauth/introspect`,
  device_authorization_endpoint: `${publicUrl}/oauth/device`,
  registration_endpoint: `${publicUrl}/oauth/register`,
  jwks_uri: `${publicUrl}/oauth/jwks`,
  scopes_supported: scopes,
  response_types_supported: responseTypes,
  response_modes_supported: ['query', 'fragment'],
  grant_types_supported: [...grantTypes, 'implicit'],
  token_endpoint_auth_methods_supported: clientAuthenticationMethods,
  revocation_endpoint_auth_methods_supported: clientAuthenticationMethods,
  introspection_endpoint_auth_methods_supported: clientAuthenticationMethods.filter((method) => method !== 'none'),
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true, // RFC 9207 section 3
  dpop_signing_alg_values_supported: DPOP_ALGORITHMS, // RFC 9449 section 5.1
});

/** RFC 9728 section 2: who gives tokens for the calls, and how they are sent. */
const resourceMetadata = (publicUrl: string): object => ({
  resource: resourceOf(publicUrl),
  authorization_servers: [publicUrl],
  scopes_supported: scopes,
  bearer_methods_supported: ['header', 'query'],
  resource_name: 'Offhook',
  dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
  dpop_bound_access_tokens_required: false,
});

/**
 * Where metadata is found: between the host and the path (RFC 8414 section 3.1, RFC 9728 section 3.1), and under the root
 * for a proxy that takes the path away.
 */
const wellKnownPaths = (name: string, publicUrl: string, path = ''): readonly string[] => {
  const prefix = new URL(publicUrl).pathname.replace(/\/$/, '');
  return [`/.well-known/${name}${path}`, `/.well-known/${name}${prefix}${path}`];
};

/** What clients and front-ends find out by themselves, by its paths. */
export const wellKnownDocuments = (publicUrl: string): ReadonlyMap<string, object> => {
  const server = serverMetadata(publicUrl);
  const resource = resourceMetadata(publicUrl);
  return new Map([
    ...wellKnownPaths('oauth-authorization-server', publicUrl).map((path) => [path, server] as const),
    ...wellKnownPaths('oauth-protected-resource', publicUrl, RESOURCE_PATH).map((path) => [path, resource] as const),
  ]);
};
