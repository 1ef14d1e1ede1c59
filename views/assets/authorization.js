import { localAddress } from './local-address.js';
import { request } from './problem.js';

/*
 * The three flows, from the browser's side. What a flow needs after the redirect (its state, its PKCE verifier) waits
 * in the session storage of this tab.
 */

const PENDING = 'offhook.pending-flow';

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** RFC 7636 section 4.2. */
const challengeOf = async (verifier) =>
  base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));

export const redirectUriOf = (publicUrl) => `${publicUrl}/test`;

/**
 * Remembers the flow and gives the address that starts it.
 * `kind` is `application` (code with a secret), `pkce` (code without) or `client-side` (a token in the fragment).
 */
export const prepareFlow = async ({ publicUrl, kind, clientId, scope }) => {
  const flow = { kind, clientId, state: randomText() };
  const address = new URL(`${publicUrl}/oauth/auth`);
  const parameters = {
    client_id: clientId,
    response_type: kind === 'client-side' ? 'token' : 'code',
    redirect_uri: redirectUriOf(publicUrl),
    state: flow.state,
  };
  if (scope !== '') parameters.scope = scope;
  if (kind === 'pkce') {
    flow.verifier = randomText();
    parameters.code_challenge = await challengeOf(flow.verifier);
    parameters.code_challenge_method = 'S256';
  }
  address.search = new URLSearchParams(parameters);
  sessionStorage.setItem(PENDING, JSON.stringify(flow));
  return address.href;
};

/** The exchange by GET brings its token in the fragment and has no state of its own. */
export const prepareExchangeByGet = (flow) => {
  sessionStorage.setItem(PENDING, JSON.stringify({ kind: 'exchange-by-get', clientId: flow.clientId }));
};

/** Reads what came back and takes it out of the address bar and the history. */
const takeParameters = () => {
  const parameters = { ...Object.fromEntries(new URLSearchParams(location.search)) };
  Object.assign(parameters, Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
  if (Object.keys(parameters).length > 0) history.replaceState(null, '', location.pathname);
  return parameters;
};

const isAnswer = ({ code, access_token: token, error }) => (code ?? token ?? error) !== undefined;

const originOf = (parameters, flow) => {
  if (parameters.state !== undefined) return parameters.state === flow?.state ? 'ours' : 'foreign';
  return flow?.kind === 'exchange-by-get' ? 'ours' : 'unknown';
};

/**
 * The answer to the flow that was started here, if one came back.
 * `origin` is `ours`; `foreign` (another state or another issuer: to be dropped); or `unknown` (no state at all: a flow
 * that was started by hand, or by somebody else).
 */
export const takeAnswer = (publicUrl) => {
  const parameters = takeParameters();
  if (!isAnswer(parameters)) return undefined;
  const flow = JSON.parse(sessionStorage.getItem(PENDING) ?? 'null') ?? undefined;
  sessionStorage.removeItem(PENDING);
  const otherIssuer = parameters.iss !== undefined && parameters.iss !== publicUrl; // RFC 9207 section 2.4
  const origin = otherIssuer ? 'foreign' : originOf(parameters, flow);
  return { origin, parameters, flow: origin === 'ours' ? flow : undefined };
};

const exchangeParameters = ({ publicUrl, code, clientId, secret, verifier }) => {
  const parameters = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUriOf(publicUrl),
    client_id: clientId,
  };
  if (verifier === undefined) parameters.client_secret = secret;
  else parameters.code_verifier = verifier;
  return new URLSearchParams(parameters);
};

/** Exchanges the code (RFC 6749 section 4.1.3) and gives the reply. */
export const exchangeCode = async (exchange) => {
  const response = await request(localAddress('/oauth/token'), { method: 'POST', body: exchangeParameters(exchange) });
  return response.json();
};

/** The address of the same exchange as a GET: it redirects back here with the token in the fragment. */
export const exchangeByGetAddress = (exchange) => localAddress(`/oauth/token?${exchangeParameters(exchange)}`);

/** Ends the grant that the token belongs to. */
export const revoke = (token) =>
  request(localAddress('/auth/logout'), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/json' },
  });
