import type { IdSource } from '../../shared/ids.ts';
import { type Client, DEVICE_CODE_GRANT, type GrantType, type ResponseType } from '../model/account-stores.ts';
import { InvalidAccountError } from '../model/errors.ts';
import { isWithin, type Scope } from '../model/permissions.ts';
import { faultOfRedirectUri } from '../model/redirect-uri.ts';

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

/** A client whose secret can be seen this once; a public one has none. */
export interface ClientWithSecret {
  readonly client: Client;
  readonly secret: string | null;
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

const faultsOf = (client: Omit<Client, 'secretHash' | 'formerSecret' | 'createdAt'>): readonly string[] => [
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
 * @throws InvalidAccountError where it has faults: it names every one
 */
export const describedClient = (
  { type: _type, ...description }: ClientDescription,
  { secretHash, createdAt }: Pick<Client, 'secretHash' | 'createdAt'>,
): Client => {
  const client = { ...defaults, ...description, kind: 'application', status: 'active' } as const;
  const complete = { ...client, defaultScopes: description.defaultScopes ?? client.scopes };
  const faults = faultsOf(complete);
  if (faults.length > 0) throw new InvalidAccountError(faults.join('; '));
  return { ...complete, secretHash, formerSecret: null, createdAt };
};

/** The scopes of clients that are not set up by the service's administrator: nothing of other people's calls. */
export const selfServiceScopes = ['call', 'read', 'write', 'public', 'application'] as const satisfies readonly Scope[];

/** The grants of such clients: RFC 9700 section 2.4 forbids the password grant, 2.1.2 advises against the implicit one. */
export const selfServiceGrantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  DEVICE_CODE_GRANT,
] as const satisfies readonly GrantType[];

/** A client that a person or a program sets up for itself. */
export interface SelfServiceClient extends Pick<ClientDescription, 'name' | 'type' | 'redirectUris'> {
  /** By default those of the code flow. */
  readonly grantTypes?: readonly (typeof selfServiceGrantTypes)[number][];
  /** `call` by default. */
  readonly scopes?: readonly (typeof selfServiceScopes)[number][];
  readonly tokenBinding?: Client['tokenBinding'];
}

/** What the owner changes of an application; what is left out stays. Its type stays what it is: a secret cannot be taken back. */
export type SelfServiceChanges = Partial<Pick<SelfServiceClient, 'name' | 'redirectUris' | 'grantTypes'>>;

/** A client as a program describes it (RFC 7591 section 2). */
export interface ClientToRegister extends Omit<SelfServiceClient, 'name'> {
  /** Its id where the program gives none. */
  readonly name: string | undefined;
}

const MOST_REDIRECT_URIS = 20;
const MOST_CHARACTERS_OF_NAME = 100;
const MOST_CHARACTERS_OF_URI = 2000;

type Complete = SelfServiceClient & Required<Pick<SelfServiceClient, 'grantTypes' | 'scopes'>>;

const faultOfGrants = ({ grantTypes, type }: Complete): string | undefined => {
  const has = (grantType: GrantType): boolean => grantTypes.some((candidate) => candidate === grantType);
  if (has('client_credentials') && type === 'public') {
    return 'grantTypes: client_credentials is for a client that has a secret'; // RFC 6749 section 4.4
  }
  const canStart = has('authorization_code') || has('client_credentials') || has(DEVICE_CODE_GRANT);
  if (!canStart) return 'grantTypes: at least one must give a first token';
  const canRefresh = has('authorization_code') || has(DEVICE_CODE_GRANT);
  return has('refresh_token') && !canRefresh ? 'grantTypes: nothing gives a refresh_token' : undefined;
};

const faultOfSize = ({ name, redirectUris, scopes }: Complete): string | undefined => {
  if (name.length > MOST_CHARACTERS_OF_NAME) return `name: at most ${MOST_CHARACTERS_OF_NAME} characters`;
  if (redirectUris.length > MOST_REDIRECT_URIS) return `redirectUris: at most ${MOST_REDIRECT_URIS}`;
  if (redirectUris.some((uri) => uri.length > MOST_CHARACTERS_OF_URI)) {
    return `redirectUris: at most ${MOST_CHARACTERS_OF_URI} characters each`;
  }
  return scopes.length === 0 ? 'scopes: at least one is needed' : undefined;
};

/**
 * Completes a client as strictly as we may.
 * @throws InvalidAccountError where grants, scopes or sizes are not allowed
 */
export const describeSelfService = (
  client: SelfServiceClient,
  facts: Pick<ClientDescription, 'id' | 'ownerId' | 'sandbox'>,
): ClientDescription => {
  const complete = { grantTypes: ['authorization_code', 'refresh_token'], scopes: ['call'], ...client } as const;
  const fault = faultOfGrants(complete) ?? faultOfSize(complete);
  if (fault !== undefined) throw new InvalidAccountError(fault);
  const usesCodes = complete.grantTypes.includes('authorization_code');
  return { ...complete, ...facts, responseTypes: usesCodes ? ['code'] : [] };
};

/** Grants that a client has and self-service does not give stay: an operator gave them. */
const isSelfService = (grantType: GrantType): grantType is (typeof selfServiceGrantTypes)[number] =>
  selfServiceGrantTypes.some((known) => known === grantType);

/**
 * An application as its owner changes it.
 * @throws InvalidAccountError where it would have faults: it names every one
 */
export const changedBySelfService = (client: Client, changes: SelfServiceChanges): Client => {
  const { name = client.name, redirectUris = client.redirectUris } = changes;
  const wanted = changes.grantTypes ?? client.grantTypes.filter(isSelfService);
  const type = client.secretHash === null ? 'public' : 'confidential';
  const scopes = client.scopes as SelfServiceClient['scopes'] & {};
  const described = describeSelfService({ name, type, redirectUris, grantTypes: wanted, scopes }, { id: client.id });
  const { responseTypes = [] } = described;
  const grantTypes = [...wanted, ...client.grantTypes.filter((grantType) => !isSelfService(grantType))];
  const changed = {
    ...client,
    name,
    redirectUris,
    grantTypes,
    responseTypes: keptResponseTypes(client, responseTypes),
  };
  const faults = faultsOf(changed);
  if (faults.length > 0) throw new InvalidAccountError(faults.join('; '));
  return changed;
};

/** The client-side flow is given by operators alone: it stays for as long as the application redirects at all. */
const keptResponseTypes = (client: Client, responseTypes: readonly ResponseType[]): readonly ResponseType[] =>
  responseTypes.length > 0 && client.responseTypes.includes('token') ? [...responseTypes, 'token'] : responseTypes;

/** Never given twice: the history of calls and the audit log name clients that are long gone. */
const CLIENT_ID_BITS = 128;

/** A new `client_id`, in digits that no form, address or Basic header has to escape. */
export const newClientId = (ids: IdSource): string =>
  Buffer.from(ids.random(CLIENT_ID_BITS), 'base64url').toString('hex');
