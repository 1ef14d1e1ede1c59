import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** RFC 6750 section 3.1, `invalid_token`. Says no more than that: the reason helps only an attacker. */
export class InvalidTokenError extends AppError {
  readonly code = 'invalid_token';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('The access token is not valid.');
  }
}

/** RFC 6750 section 3.1, `insufficient_scope`; `details.scope` names a scope that would do. */
export class InsufficientScopeError extends AppError {
  readonly code = 'insufficient_scope';
  readonly kind: ErrorKind = 'forbidden';
}

/** RFC 9449 sections 5 and 7.1. */
export class InvalidProofError extends AppError {
  readonly code = 'invalid_dpop_proof';
  readonly kind: ErrorKind = 'unauthenticated';
}

/** RFC 6749 sections 4.1.2.1 and 5.2, RFC 7591 section 3.2.2, RFC 8628 section 3.5. */
export type OAuthErrorCode =
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope';

/** What an OAuth endpoint refuses, in the words of RFC 6749. The message goes out as `error_description`. */
export class OAuthError extends AppError {
  readonly code: OAuthErrorCode;
  readonly kind: ErrorKind;
  constructor(code: OAuthErrorCode, message: string) {
    super(message);
    this.code = code;
    this.kind = code === 'invalid_client' ? 'unauthenticated' : 'invalid';
  }
}

/** An authorization request whose client or address cannot be trusted: shown to the person, never redirected. */
export class UntrustedRequestError extends AppError {
  readonly code = 'invalid_request';
  readonly kind: ErrorKind = 'invalid';
}

/**
 * The address is not one of the client's. It stands in `details` with the client: whoever set up the application sees
 * there what differs. It is foreign text, and never a link.
 */
export class UnregisteredAddressError extends UntrustedRequestError {
  constructor(asked: { readonly clientId: string; readonly redirectUri: string | undefined }) {
    const { clientId, redirectUri } = asked;
    const details = { client_id: clientId, ...(redirectUri !== undefined && { redirect_uri: redirectUri }) };
    super(sentencesOn(asked), { details });
  }
}

const MOST_CHARACTERS_SHOWN = 300;

const shortened = (text: string): string =>
  text.length > MOST_CHARACTERS_SHOWN ? `${text.slice(0, MOST_CHARACTERS_SHOWN)}…` : text;

const sentencesOn = ({ clientId, redirectUri }: { clientId: string; redirectUri: string | undefined }): string => {
  const whatCame =
    redirectUri === undefined
      ? `The application ${clientId} has not said to which of its addresses it wants you sent back (redirect_uri).`
      : `The application ${clientId} wants you sent back to ${shortened(redirectUri)}, which is not one of its registered addresses.`;
  const howToRegister =
    'Whoever set it up can register the address, letter for letter: on the page /management/api ("Edit"), ' +
    'by "npx offhook client set", or in the settings file.';
  return `${whatCame} ${howToRegister}`;
};

/** A wrong password, an unknown user and a disabled one look the same. */
export class WrongCredentialsError extends AppError {
  readonly code = 'wrong_credentials';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('The username or the password is not right.');
  }
}

/** Neither a name nor a password came. */
export class MissingCredentialsError extends AppError {
  readonly code = 'unauthorized';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('A username and a password are required.');
  }
}

/** Too many failed logins of an account or from an address. `retryAfterSeconds` is for the header of that name. */
export class LoginLimitedError extends AppError {
  readonly code = 'rate_limited';
  readonly kind: ErrorKind = 'limited';
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super('Too many failed logins. Try again later.', { details: { retryAfterSeconds } });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A requester asks or guesses too often. `retryAfterSeconds` is for the header of that name. */
export class TooManyRequestsError extends AppError {
  readonly code = 'rate_limited';
  readonly kind: ErrorKind = 'limited';
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super('Too many requests. Try again later.', { details: { retryAfterSeconds } });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No device waits for an answer under this code: an unknown, an expired and an answered one look the same. */
export class UnknownUserCodeError extends AppError {
  readonly code = 'invalid_user_code';
  readonly kind: ErrorKind = 'invalid';
  constructor() {
    super('This code is not right, or is no longer valid. Compare it with the one that your device shows.');
  }
}

/** A user or client that an administrator described wrongly, or that exists already. */
export class InvalidAccountError extends AppError {
  readonly code = 'invalid_account';
  readonly kind: ErrorKind = 'invalid';
}

/** A user or client that does not exist. */
export class UnknownAccountError extends AppError {
  readonly code = 'account_not_found';
  readonly kind: ErrorKind = 'not-found';
}

/** What only an administrator may do. */
export class NotAdministratorError extends AppError {
  readonly code = 'not_administrator';
  readonly kind: ErrorKind = 'forbidden';
  constructor() {
    super('Only an administrator may do this.');
  }
}

/** A user has as many applications as one may have. */
export class TooManyApplicationsError extends AppError {
  readonly code = 'too_many_applications';
  readonly kind: ErrorKind = 'conflict';
  constructor(most: number) {
    super(`There are ${most} applications already; delete one first.`);
  }
}

/** What would lock others out of an account of the sandbox, which all visitors share. */
export class SandboxAccountError extends AppError {
  readonly code = 'sandbox_account';
  readonly kind: ErrorKind = 'forbidden';
  constructor() {
    super('This account belongs to the sandbox and everybody knows its password: it cannot be changed.');
  }
}
