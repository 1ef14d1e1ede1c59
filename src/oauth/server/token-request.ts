import type { ClientAuthenticator } from '../clients/client-authenticator.ts';
import type { DpopProofs, SentProof } from '../keys/dpop-proofs.ts';
import type { RequestRateLimit } from '../limits/request-rate-limit.ts';
import { type Client, type ClientStore, DEVICE_CODE_GRANT, type GrantType } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import { InvalidProofError, OAuthError } from '../model/errors.ts';
import type { KeyProof } from '../model/key-proof.ts';
import type { Parameters } from '../request/parameters.ts';

/** How the answer to a code gets to its client: `redirect` for a browser that was sent here and goes on with it. */
type CodeAnswer = 'json' | 'redirect';

/** A token request whose client is authenticated and whose parameters were checked. */
export interface TokenRequest {
  readonly client: Client;
  readonly route: RequestRoute;
  /** Of the requester, as far as the proxies that we trust tell. */
  readonly address: string;
  /** RFC 9449 section 5. */
  readonly proof: KeyProof;
  readonly codeAnswer: CodeAnswer;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A token request as it came. */
export interface IncomingTokenRequest extends Pick<TokenRequest, 'route' | 'address' | 'codeAnswer'> {
  readonly parameters: Parameters;
  readonly authorization: string | undefined;
  readonly method: 'GET' | 'POST';
  readonly proof: SentProof;
}

/** Checks a token request up to its grant: parameters, client, what the client may do, its proof of a key. */
export interface TokenRequestCheck {
  /**
   * @throws OAuthError what is wrong with the request or its client
   * @throws InvalidProofError where the client sent a bad DPoP proof, or none and must
   * @throws TooManyRequestsError above the client's rate
   */
  check(asked: IncomingTokenRequest): Promise<TokenRequest>;
  /** Whether pages of any origin may read the answer: these grants need more than what a browser sends by itself. */
  isForBrowsers(parameters: Parameters): boolean;
  /** Whether the request carries what no page of another site should know. */
  carriesCredentials(parameters: Parameters): boolean;
}

/** What each grant cannot do without. */
const required: Readonly<Record<GrantType, readonly string[]>> = {
  authorization_code: ['code'],
  refresh_token: ['refresh_token'],
  password: ['username', 'password'],
  client_credentials: [],
  [DEVICE_CODE_GRANT]: ['device_code'],
};

const isGrantType = (name: string): name is GrantType => Object.hasOwn(required, name);

const browserGrants: ReadonlySet<string> = new Set(['authorization_code', 'refresh_token', DEVICE_CODE_GRANT]);
const credentialGrants: ReadonlySet<string> = new Set(['password', 'client_credentials']);

const namesOneOf = (grants: ReadonlySet<string>, parameters: Parameters): boolean =>
  grants.has(parameters.get('grant_type') ?? '');

const grantTypeOf = (parameters: Parameters): GrantType => {
  if (parameters.hasRepetition) throw new OAuthError('invalid_request', 'A parameter was given more than once.');
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw new OAuthError('invalid_request', 'The grant_type is missing.');
  if (!isGrantType(grantType)) throw new OAuthError('unsupported_grant_type', 'The grant_type is not supported.');
  return grantType;
};

const namesClient = ({ authorization, parameters }: IncomingTokenRequest): boolean =>
  authorization !== undefined ||
  parameters.get('client_id') !== undefined ||
  parameters.get('client_secret') !== undefined;

const checkParameters = (parameters: Parameters, grantType: GrantType): void => {
  const missing = required[grantType].find((name) => parameters.get(name) === undefined);
  if (missing !== undefined) throw new OAuthError('invalid_request', `The ${missing} is missing.`);
};

export interface TokenRequestCheckDeps {
  readonly clientAuthenticator: ClientAuthenticator;
  readonly clients: ClientStore;
  readonly admission: Admission;
  readonly proofs: DpopProofs;
  /** How often each client may ask; undefined: as often as it likes. */
  readonly clientRate: RequestRateLimit | undefined;
  /** Whose password grant needs no client; undefined: no client's. */
  readonly firstPartyClientId: string | undefined;
}

export const createTokenRequestCheck = (deps: TokenRequestCheckDeps): TokenRequestCheck => {
  const { firstPartyClientId } = deps;

  const namedClient = async (asked: IncomingTokenRequest, grantType: GrantType): Promise<Client> => {
    const client = await deps.clientAuthenticator.authenticate(asked);
    if (client.grantTypes.includes(grantType)) return client;
    throw new OAuthError('unauthorized_client', 'The client may not use this grant_type.');
  };

  const firstPartyClient = async (id: string, route: RequestRoute): Promise<Client> => {
    const client = await deps.clients.find(id);
    if (client !== undefined && deps.admission.admits(client, route)) return client;
    throw new OAuthError('invalid_client', 'The client could not be authenticated.');
  };

  const clientOf = async (asked: IncomingTokenRequest, grantType: GrantType): Promise<Client> => {
    const isClientless = grantType === 'password' && firstPartyClientId !== undefined && !namesClient(asked);
    const client = isClientless
      ? await firstPartyClient(firstPartyClientId, asked.route)
      : await namedClient(asked, grantType);
    if (asked.method === 'GET' && !client.grantTypesByGet.includes(grantType)) {
      throw new OAuthError('invalid_request', 'The client must send this request by POST.');
    }
    return client;
  };

  const examinedProof = async ({ tokenBinding }: Client, sent: SentProof): Promise<KeyProof> => {
    const proof = await deps.proofs.examine(sent);
    if (proof.key === null && tokenBinding === 'dpop') {
      throw new InvalidProofError('This client must send a DPoP proof.');
    }
    return proof;
  };

  return {
    isForBrowsers: (parameters) => namesOneOf(browserGrants, parameters),

    carriesCredentials: (parameters) => namesOneOf(credentialGrants, parameters),

    check: async (asked) => {
      const { parameters, route, address, codeAnswer } = asked;
      const grantType = grantTypeOf(parameters);
      const client = await clientOf(asked, grantType);
      deps.clientRate?.take(client.id);
      checkParameters(parameters, grantType);
      const proof = await examinedProof(client, asked.proof);
      return { client, route, address, proof, codeAnswer, parameters: parameters.given() };
    },
  };
};
