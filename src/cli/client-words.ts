import type { ClientChanges } from '../app/client-changes.ts';
import type { Client } from './accounts.ts';
import {
  type ClientOptions,
  type Description,
  grantNames,
  type GrantType,
  grantTypes,
  type Scope,
  scopes,
} from './client-options.ts';
import { UsageError } from './errors.ts';

const grantsOf = (option: string, names: readonly string[]): readonly GrantType[] => {
  const grants = names.map((name) => {
    const grantType = Object.hasOwn(grantTypes, name) ? grantTypes[name] : undefined;
    if (grantType === undefined) throw new UsageError(`${option} are some of ${grantNames.join(', ')}`);
    return grantType;
  });
  return [...new Set(grants)];
};

const scopesOf = (option: string, names: readonly string[]): readonly Scope[] => {
  const found = names.map((name) => {
    const scope = scopes.find((each) => each === name);
    if (scope === undefined) throw new UsageError(`${option} is some of ${scopes.join(', ')}`);
    return scope;
  });
  return [...new Set(found)];
};

const MOST_SECONDS = 366 * 86_400;

const secondsOf = (option: string, text: string): number => {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (seconds < 60 || seconds > MOST_SECONDS)
    throw new UsageError(`${option} is a number of seconds, 60 to ${MOST_SECONDS}`);
  return seconds;
};

const responseTypesOf = (grants: readonly GrantType[], isClientSide: boolean): ('code' | 'token')[] => [
  ...(grants.includes('authorization_code') ? (['code'] as const) : []),
  ...(isClientSide ? (['token'] as const) : []),
];

/** `--no-redirect-uri` and its like take all away. */
const listOf = <Item>(given: readonly Item[] | false | undefined): readonly Item[] | undefined =>
  given === false ? [] : given;

const switches = ({ jwt, dpop, pkce, queryTokens }: ClientOptions): ClientChanges => ({
  ...(jwt !== undefined && { tokenFormat: jwt ? 'jwt' : 'opaque' }),
  ...(dpop !== undefined && { tokenBinding: dpop ? 'dpop' : 'on-request' }),
  ...(pkce !== undefined && { codeChallenge: pkce ? 'required' : 'optional' }),
  ...(queryTokens !== undefined && { tokenInQuery: queryTokens ? 'allowed' : 'refused' }),
});

const lifetimes = (options: ClientOptions): ClientChanges => {
  const { accessTokenSeconds: access, refreshIdleSeconds: idle, refreshAbsoluteSeconds: absolute } = options;
  return {
    ...(access !== undefined && { accessTokenSeconds: secondsOf('--access-token-seconds', access) }),
    ...(idle !== undefined && { refreshIdleSeconds: secondsOf('--refresh-idle-seconds', idle) }),
    ...(absolute !== undefined && { refreshAbsoluteSeconds: secondsOf('--refresh-absolute-seconds', absolute) }),
  };
};

/** What the words of a command say of an application, and nothing else. */
const saidBy = (options: ClientOptions): ClientChanges => {
  const redirectUris = listOf(options.redirectUri);
  const byGet = listOf(options.tokenByGet);
  return {
    ...(options.name !== undefined && { name: options.name }),
    ...(redirectUris && { redirectUris }),
    ...(options.grants && { grantTypes: grantsOf('--grants', options.grants) }),
    ...(byGet && { grantTypesByGet: grantsOf('--token-by-get', byGet) }),
    ...(options.scope && { scopes: scopesOf('--scope', options.scope) }),
    ...(options.defaultScope && { defaultScopes: scopesOf('--default-scope', options.defaultScope) }),
    ...switches(options),
    ...lifetimes(options),
  };
};

type Checked = Pick<Description, 'type' | 'grantTypes' | 'grantTypesByGet' | 'responseTypes' | 'redirectUris'>;

const check = ({
  type,
  grantTypes: grants = [],
  grantTypesByGet = [],
  responseTypes = [],
  redirectUris,
}: Checked): void => {
  if (type === 'public' && grants.includes('client_credentials')) {
    throw new UsageError('client_credentials is for an application that has a secret: not with --public');
  }
  if (responseTypes.length > 0 && redirectUris.length === 0) {
    throw new UsageError('--redirect-uri is needed: the address where its users are sent back to');
  }
  if (!grantTypesByGet.every((grant) => grants.includes(grant))) {
    throw new UsageError('--token-by-get must be some of --grants');
  }
};

const USUAL_GRANTS: readonly GrantType[] = ['authorization_code', 'refresh_token'];

/**
 * The application that the words of a command describe.
 * @throws UsageError when they describe none
 */
export const describedBy = (id: string, options: ClientOptions & { readonly public?: true }): Description => {
  const given = saidBy(options);
  const grants = given.grantTypes ?? USUAL_GRANTS;
  const description: Description = {
    ...{ name: id, redirectUris: [], ...given },
    id,
    type: options.public === true ? 'public' : 'confidential',
    responseTypes: responseTypesOf(grants, options.clientSide === true),
    grantTypes: grants,
  };
  check(description);
  return description;
};

/**
 * What the words of a command change of an application.
 * @throws UsageError when they name nothing, or what does not go together
 */
export const changesBy = (client: Client, options: ClientOptions): ClientChanges => {
  const given = saidBy(options);
  if (Object.keys(given).length === 0 && options.clientSide === undefined) {
    throw new UsageError('Name at least one option: what is not named stays as it is.');
  }
  const grants = given.grantTypes ?? client.grantTypes;
  const isClientSide = options.clientSide ?? client.responseTypes.includes('token');
  const changes = { ...given, responseTypes: responseTypesOf(grants, isClientSide) };
  check({
    type: client.secretHash === null ? 'public' : 'confidential',
    grantTypes: grants,
    grantTypesByGet: given.grantTypesByGet ?? [],
    responseTypes: changes.responseTypes,
    redirectUris: given.redirectUris ?? client.redirectUris,
  });
  return changes;
};
