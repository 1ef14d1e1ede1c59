import { InvalidAccountError } from '../model/errors.ts';
import type { Scope } from '../model/permissions.ts';
import { faultOfRedirectUri } from '../model/redirect-uri.ts';
import { isWithin } from '../model/scope.ts';
import type { Client, GrantType, ResponseType } from '../model/account-stores.ts';

/** An application as an administrator describes it; what is left out has a default. */
export interface ClientDescription {
  readonly id: string;
  readonly name: string;
  /** `public`: it cannot keep a secret (RFC 6749 section 2.1). */
  readonly type: 'confidential' | 'public';
  readonly redirectUris: readonly string[];
  readonly responseTypes?: readonly ResponseType[];
  readonly grantTypes?: readonly GrantType[];
  readonly grantTypesByGet?: readonly GrantType[];
  readonly scopes?: readonly Scope[];
  readonly defaultScopes?: readonly Scope[];
  readonly accessTokenSeconds?: number;
  readonly refreshIdleSeconds?: number;
  readonly refreshAbsoluteSeconds?: number;
  readonly tokenInQuery?: Client['tokenInQuery'];
  readonly codeChallenge?: Client['codeChallenge'];
  readonly tokenFormat?: Client['tokenFormat'];
  readonly tokenBinding?: Client['tokenBinding'];
  readonly ownerId?: string;
  readonly sandbox?: boolean;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** A new client starts strict: what RFC 9700 advises against is switched on by name. */
const defaults = {
  responseTypes: ['code'],
  grantTypes: ['authorization_code', 'refresh_token'],
  grantTypesByGet: [],
  scopes: ['call'],
  accessTokenSeconds: HOUR,
  refreshIdleSeconds: 30 * DAY,
  refreshAbsoluteSeconds: 180 * DAY,
  tokenInQuery: 'refused',
  codeChallenge: 'required',
  tokenFormat: 'opaque',
  tokenBinding: 'on-request',
  ownerId: null,
  sandbox: false,
} as const;

/** Printable, and without what Basic (a colon) or an address would have to escape. */
const usableId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Control characters, and those that turn the text around them: the consent page would show another name. */
const UNREADABLE = /[\p{Cc}\p{Bidi_Control}]/u;

const faultsOf = (client: Omit<Client, 'secretHash' | 'createdAt'>): readonly string[] => [
  ...(usableId.test(client.id) ? [] : ['id: must be letters, digits and ._-']),
  ...(client.name.trim() === '' || UNREADABLE.test(client.name) ? ['name: must be a line of text'] : []),
  ...(client.redirectUris.length === 0 && client.responseTypes.length > 0
    ? ['redirectUris: at least one is needed']
    : []),
  ...client.redirectUris.flatMap((uri) => {
    const fault = faultOfRedirectUri(uri);
    return fault === undefined ? [] : [`redirectUris: ${uri} ${fault}`];
  }),
  ...(client.defaultScopes.length > 0 && isWithin(client.defaultScopes, client.scopes)
    ? []
    : ['defaultScopes: must be some of scopes']),
  ...(['accessTokenSeconds', 'refreshIdleSeconds', 'refreshAbsoluteSeconds'] as const)
    .filter((name) => !Number.isSafeInteger(client[name]) || client[name] <= 0)
    .map((name) => `${name}: must be a positive whole number`),
];

/**
 * Completes and checks a description.
 * @throws InvalidAccountError that names every fault
 */
export const describedClient = (
  { type: _type, ...description }: ClientDescription,
  { secretHash, createdAt }: Pick<Client, 'secretHash' | 'createdAt'>,
): Client => {
  const client = { ...defaults, ...description, kind: 'application', status: 'active' } as const;
  const complete = { ...client, defaultScopes: description.defaultScopes ?? client.scopes };
  const faults = faultsOf(complete);
  if (faults.length > 0) throw new InvalidAccountError(faults.join('; '));
  return { ...complete, secretHash, createdAt };
};
