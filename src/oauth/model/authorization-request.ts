import type { ResponseType } from './account-stores.ts';
import type { Scope } from './permissions.ts';
import { hashSecret } from './secrets.ts';

/** An authorization request (RFC 6749 section 4.1.1) of which everything was checked. */
export interface AuthorizationRequest {
  readonly clientId: string;
  readonly responseType: ResponseType;
  readonly redirectUri: string;
  readonly redirectUriFrom: 'request' | 'registration';
  readonly scopes: readonly Scope[];
  /** Echoed byte for byte; null where the client sent none. */
  readonly state: string | null;
  readonly codeChallenge: string | null;
  /** `dpop_jkt` (RFC 9449 section 10): thumbprint of the key that the code is for; null where the client named none. */
  readonly dpopKey: string | null;
}

/** Where an error may be sent, once client and address are known to be good. */
export interface RedirectTarget {
  readonly redirectUri: string;
  /** As it was asked; an unknown one answers in the query. */
  readonly responseType: string;
  readonly state: string | null;
}

/** The same for the same request, however its parameters were ordered, encoded or left to their defaults. */
export const hashOfRequest = (request: AuthorizationRequest): string =>
  hashSecret(
    JSON.stringify([
      request.clientId,
      request.responseType,
      request.redirectUri,
      request.redirectUriFrom,
      [...request.scopes].sort(),
      request.state,
      request.codeChallenge,
      request.dpopKey,
    ]),
  );
