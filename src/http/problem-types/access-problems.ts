import type { ProblemTypes } from './problem-type.ts';

/** Of tokens, logins and accounts. */
const accountProblems: ProblemTypes = {
  unauthorized: {
    title: 'Credentials required',
    meaning: 'The request came without a token, or without a username and a password.',
    remedy: 'Send "Authorization: Bearer" with an access token. The header WWW-Authenticate says where to get one.',
  },
  invalid_token: {
    title: 'Token not valid',
    meaning: 'The access token is unknown, expired or revoked, or may not be used in this way.',
    remedy: 'Get a new one with the refresh token, or begin the authorization again.',
  },
  insufficient_scope: {
    title: 'Token does not allow this',
    meaning: 'The scope of the token is too small, or the token stands for an application and acts for no user.',
    remedy: 'Ask for a token with the scope that the answer names.',
  },
  invalid_dpop_proof: {
    title: 'Proof of the key not valid',
    meaning: 'The DPoP header is missing, too old, used before, or made for another request, token or key.',
    remedy: 'Make a new proof for each request, with its method and address, by a clock that is right.',
  },
  wrong_credentials: {
    title: 'Wrong username or password',
    meaning: 'The username or the password is not right, or the user is disabled: they look the same.',
    remedy: 'Check both. An operator sets a new password with "npx offhook user password".',
  },
  not_logged_in: {
    title: 'Log in first',
    meaning: 'What was asked for belongs to a user, and the request came without a session.',
    remedy: 'Log in at /auth/login and keep the cookie.',
  },
  cross_site_request: {
    title: 'Form of another site',
    meaning: 'A browser sent the form of a page that is not of this service.',
    remedy: 'Open the page here and send its own form.',
  },
  rate_limited: {
    title: 'Too many requests',
    meaning: 'A limit was reached: requests of a token, a client or an address, or failed logins.',
    remedy: 'Wait for the seconds in Retry-After. RateLimit tells on each answer how much is left.',
  },
  not_administrator: {
    title: 'For administrators only',
    meaning: 'The user who is logged in has not the role admin.',
    remedy: 'Log in as an administrator.',
  },
  invalid_account: {
    title: 'Account or application described wrongly',
    meaning: 'A field of the user or the application is not valid, or the name is taken. The detail says which.',
    remedy: 'Correct the field and send all again.',
  },
  account_not_found: {
    title: 'No such user or application',
    meaning: 'There is no user or application of this name.',
    remedy: 'Check the name. "npx offhook user list" and "npx offhook client list" show what there is.',
  },
  too_many_applications: {
    title: 'Too many applications',
    meaning: 'The user has as many applications as one may have.',
    remedy: 'Delete one that is not used any more.',
  },
  sandbox_account: {
    title: 'Account of the sandbox',
    meaning: 'The account belongs to the sandbox, all visitors share it, and it cannot be changed.',
    remedy: 'Add a user of your own with "npx offhook user add".',
  },
  invalid_user_code: {
    title: 'Code of a device not valid',
    meaning: 'No device waits under this code: it is unknown, expired or answered.',
    remedy: 'Compare it with the code that the device shows, or begin again on the device.',
  },
};

/** The errors of RFC 6749, 7591 and 8628. */
const authorizationProblems: ProblemTypes = {
  access_denied: {
    title: 'Refused by the user',
    meaning: 'The user, or the service, refused what the application asked for.',
    remedy: 'Ask again only when the user wants it.',
  },
  authorization_pending: {
    title: 'Not answered yet',
    meaning: 'The user has not answered yet on the page of the device flow.',
    remedy: 'Ask again after the interval.',
  },
  slow_down: {
    title: 'Asked too often',
    meaning: 'The device asks more often than its interval allows.',
    remedy: 'Add five seconds to the interval.',
  },
  expired_token: {
    title: 'Code of the device expired',
    meaning: 'The user did not answer in time.',
    remedy: 'Begin the device flow again.',
  },
  invalid_client: {
    title: 'Client not authenticated',
    meaning: 'The client is unknown, its secret is wrong, or it was sent in a way that is not allowed.',
    remedy: 'Check client_id and client_secret, and send them once: in the body or by Basic.',
  },
  invalid_grant: {
    title: 'Grant not valid',
    meaning: 'The code, refresh token or password is not valid, was used before, or belongs to another client.',
    remedy: 'Begin the authorization again.',
  },
  unauthorized_client: {
    title: 'Not allowed to this client',
    meaning: 'The client may not use this grant or this form of answer.',
    remedy: 'Allow it where the application is managed, or use a grant that it has.',
  },
  unsupported_grant_type: {
    title: 'Grant type not known',
    meaning: 'The grant_type is none of those that this service has.',
    remedy: 'The metadata at /.well-known/oauth-authorization-server lists them.',
  },
  unsupported_response_type: {
    title: 'Response type not known',
    meaning: 'The response_type is none of those that this service has.',
    remedy: 'Use code, or token where the client may.',
  },
  invalid_scope: {
    title: 'Scope not valid',
    meaning: 'A scope is not known, or is more than the client or the user may have.',
    remedy: 'Ask for scopes of the client, separated by blanks, or for none to get its default.',
  },
  invalid_redirect_uri: {
    title: 'Redirect address not valid',
    meaning: 'A redirect address of the registration may not be used.',
    remedy: 'Use https, http on loopback, or a private scheme, without a fragment.',
  },
  invalid_client_metadata: {
    title: 'Registration not valid',
    meaning: 'A field of the registration is not valid. The description says which.',
    remedy: 'Correct the field and register again.',
  },
};

export const accessProblems: ProblemTypes = { ...accountProblems, ...authorizationProblems };
