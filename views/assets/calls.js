import { localAddress } from './local-address.js';
import { request } from './problem.js';

/* The resource /rest/call, with a token. */

const CALLS = localAddress('/rest/call');

const infoAddress = (tokenCall) => `${CALLS}?${new URLSearchParams({ token_call: tokenCall })}`;

const authorized = (accessToken, more) => ({
  ...more,
  headers: { Authorization: `Bearer ${accessToken}`, Accept: 'application/json' },
});

/** Places a call and gives its `token_call`. */
export const placeCall = async (accessToken, number) => {
  const body = new URLSearchParams({ number });
  const response = await request(CALLS, authorized(accessToken, { method: 'POST', body }));
  return new URL(response.headers.get('Location'), location.href).searchParams.get('token_call');
};

export const stopCall = async (accessToken, tokenCall) => {
  const body = new URLSearchParams({ token_call: tokenCall });
  const response = await request(CALLS, authorized(accessToken, { method: 'PUT', body }));
  return response.json();
};

export const readCall = async (accessToken, tokenCall) => {
  const response = await request(infoAddress(tokenCall), authorized(accessToken, {}));
  return response.json();
};

export const listCalls = async (accessToken) => {
  const response = await request(CALLS, authorized(accessToken, {}));
  const { calls } = await response.json();
  return calls;
};
