import type { Administration } from '../app/administration.ts';
import { UsageError } from './errors.ts';

type Description = Parameters<Administration['clients']['create']>[0];
type GrantType = NonNullable<Description['grantTypes']>[number];
type Scope = NonNullable<Description['scopes']>[number];

/** How `client add` describes an application. */
export interface ClientOptions {
  readonly name?: string;
  readonly redirectUri?: readonly string[];
  readonly grants?: readonly string[];
  readonly scope?: readonly string[];
  readonly public?: true;
  readonly clientSide?: true;
  readonly jwt?: true;
  readonly dpop?: true;
}

/** The words of the protocol, but for one that is too long to type. */
const grantTypes: Readonly<Record<string, GrantType>> = {
  authorization_code: 'authorization_code',
  refresh_token: 'refresh_token',
  password: 'password',
  client_credentials: 'client_credentials',
  device_code: 'urn:ietf:params:oauth:grant-type:device_code',
};

const scopes: readonly Scope[] = ['call', 'read', 'write', 'public', 'application', 'operator', 'admin', 'all'];

export const grantNames = Object.keys(grantTypes);
export const scopeNames: readonly string[] = scopes;

/** A grant as the command line calls it. */
export const nameOfGrant = (grantType: GrantType): string =>
  grantNames.find((name) => grantTypes[name] === grantType) ?? grantType;

const grantOf = (name: string): GrantType => {
  const grantType = Object.hasOwn(grantTypes, name) ? grantTypes[name] : undefined;
  if (grantType === undefined) throw new UsageError(`--grants are some of ${grantNames.join(', ')}`);
  return grantType;
};

const scopeOf = (name: string): Scope => {
  const scope = scopes.find((each) => each === name);
  if (scope === undefined) throw new UsageError(`--scope is some of ${scopeNames.join(', ')}`);
  return scope;
};

const responseTypesOf = (grants: readonly GrantType[], { clientSide }: ClientOptions): ('code' | 'token')[] => [
  ...(grants.includes('authorization_code') ? (['code'] as const) : []),
  ...(clientSide === true ? (['token'] as const) : []),
];

const check = ({ type, grantTypes: grants = [], responseTypes = [], redirectUris }: Description): void => {
  if (type === 'public' && grants.includes('client_credentials')) {
    throw new UsageError('client_credentials is for an application that has a secret: not with --public');
  }
  if (responseTypes.length > 0 && redirectUris.length === 0) {
    throw new UsageError('--redirect-uri is needed: the address where its users are sent back to');
  }
};

/**
 * The application that the words of a command describe.
 * @throws UsageError when they describe none
 */
export const describedBy = (id: string, options: ClientOptions): Description => {
  const grants = (options.grants ?? ['authorization_code', 'refresh_token']).map(grantOf);
  const description: Description = {
    id,
    name: options.name ?? id,
    type: options.public === true ? 'public' : 'confidential',
    redirectUris: options.redirectUri ?? [],
    responseTypes: responseTypesOf(grants, options),
    grantTypes: [...new Set(grants)],
    ...(options.scope && { scopes: [...new Set(options.scope.map(scopeOf))] }),
    tokenFormat: options.jwt === true ? 'jwt' : 'opaque',
    tokenBinding: options.dpop === true ? 'dpop' : 'on-request',
  };
  check(description);
  return description;
};
