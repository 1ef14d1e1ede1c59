import type { ServerResponse } from 'node:http';
import type { Authorization, TokenRequest, TokenResponse } from '../../oauth/authorization.ts';
import { DEVICE_CODE_GRANT } from '../../oauth/model/account-stores.ts';
import { settle } from '../../shared/settle.ts';
import type {
  AuthorizationLibrary,
  BearerSpelling,
  Done,
  LibraryRequest,
  Middleware,
  Server,
} from './authorization-library.ts';
import { redirectWith } from './redirect-response.ts';

type Grants = Authorization['grants'];
type Exchanges = AuthorizationLibrary['exchange'];

/** The library looks for the client where Passport would leave a person. */
const userProperty = 'client';

type Written = Omit<TokenResponse, 'token_type'> & { readonly token_type: string };

/** Sent with a token, in this order. */
export const beside = ({ token_type, expires_in, scope }: Written): object => ({ token_type, expires_in, scope });

const spell = (given: TokenResponse, bearer: BearerSpelling): Written =>
  given.token_type === 'Bearer' ? { ...given, token_type: bearer } : given;

type Reply = (work: Promise<TokenResponse>, done: Done<[string, string | null, object]>) => void;

const createReply =
  (bearer: BearerSpelling): Reply =>
  (work, done) =>
    settle(work, (error, given) =>
      given === undefined
        ? done(error)
        : done(null, given.access_token, given.refresh_token ?? null, beside(spell(given, bearer))),
    );

/** A middleware of our own, for what the library has none. */
const answering =
  (answer: (asked: TokenRequest, ...exchange: Parameters<Middleware>) => void): Middleware =>
  (request, response, next) => {
    const { authInfo } = request as LibraryRequest;
    if (authInfo === undefined) next(new Error('A token request must be checked first'));
    else answer(authInfo, request, response, next);
  };

/** As the library sends what its own exchanges give. */
const sendJson = (response: ServerResponse, given: Written): void => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(given));
};

const redemptionOf = ({ client, route, address, proof, parameters }: TokenRequest) => ({
  client,
  route,
  address,
  proof,
  code: parameters['code'] ?? '',
  redirectUri: parameters['redirect_uri'],
  codeVerifier: parameters['code_verifier'],
});

/** The code of a browser that was sent here: the token goes on in the fragment, and never a refresh token. */
const redeemIntoFragment = (grant: Grants['authorizationCode']): Middleware =>
  answering((asked, _request, response, next) => {
    settle(grant.redeem({ ...redemptionOf(asked), gives: 'access-only' }), (error, redeemed) => {
      if (redeemed === undefined) {
        next(error);
        return;
      }
      const { access_token, token_type, expires_in } = redeemed.response;
      const values = { access_token, token_type, expires_in };
      redirectWith(response, { uri: redeemed.redirectUri, place: 'fragment', values });
    });
  });

const redeemIntoJson = (exchanges: Exchanges, grant: Grants['authorizationCode'], reply: Reply): Middleware =>
  exchanges.code({ userProperty }, (_client, _code, _redirectUri, _body, asked, done) =>
    reply(
      grant.redeem({ ...redemptionOf(asked), gives: 'with-refresh' }).then(({ response }) => response),
      done,
    ),
  );

const redeemCode = (exchanges: Exchanges, grant: Grants['authorizationCode'], reply: Reply): Middleware => {
  const [intoFragment, intoJson] = [redeemIntoFragment(grant), redeemIntoJson(exchanges, grant, reply)];
  return answering((asked, ...exchange) =>
    asked.codeAnswer === 'redirect' ? intoFragment(...exchange) : intoJson(...exchange),
  );
};

const redeemDeviceCode = (grant: Grants['deviceCode'], bearer: BearerSpelling): Middleware =>
  answering(({ client, route, address, proof, parameters }, _request, response, next) => {
    const deviceCode = parameters['device_code'] ?? '';
    settle(grant.redeem({ client, deviceCode, route, address, proof }), (error, given) =>
      given === undefined ? next(error) : sendJson(response, spell(given, bearer)),
    );
  });

/** Registers each grant under its name. The library tells callbacks apart by their number of arguments. */
export const addExchanges = (
  server: Server,
  exchanges: Exchanges,
  { grants, bearer }: { readonly grants: Grants; readonly bearer: BearerSpelling },
): void => {
  const reply = createReply(bearer);
  const { authorizationCode, refreshToken, password, clientCredentials, deviceCode } = grants;
  server.exchange('authorization_code', redeemCode(exchanges, authorizationCode, reply));
  server.exchange(
    'refresh_token',
    exchanges.refreshToken({ userProperty }, (client, token, _scopes, body, { route, address, proof }, done) =>
      reply(refreshToken.refresh({ client, refreshToken: token, scope: body['scope'], route, address, proof }), done),
    ),
  );
  server.exchange(
    'password',
    exchanges.password({ userProperty }, (client, username, secret, _scopes, body, { route, address, proof }, done) =>
      reply(
        password.exchange({ client, username, password: secret, scope: body['scope'], route, address, proof }),
        done,
      ),
    ),
  );
  server.exchange(
    'client_credentials',
    exchanges.clientCredentials({ userProperty }, (client, _scopes, body, { route, address, proof }, done) =>
      reply(clientCredentials.exchange({ client, scope: body['scope'], route, address, proof }), done),
    ),
  );
  server.exchange(DEVICE_CODE_GRANT, redeemDeviceCode(deviceCode, bearer));
};
