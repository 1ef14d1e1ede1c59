import type { LoginService } from '../accounts/login-service.ts';
import type { Client, User } from '../model/account-stores.ts';
import type { RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { OAuthError, WrongCredentialsError } from '../model/errors.ts';
import type { KeyProof } from '../model/key-proof.ts';
import { chooserOf, grantableScopes, requestedScopes } from '../model/requested-scopes.ts';
import { mayRefresh, type TokenResponse } from '../tokens/token-minter.ts';
import type { DirectIssue } from './direct-issue.ts';

export interface PasswordRequest {
  readonly client: Client;
  readonly username: string;
  readonly password: string;
  readonly scope: string | undefined;
  readonly proof: KeyProof;
  readonly route: RequestRoute;
  /** Of the requester, as far as the proxies that we trust tell. */
  readonly address: string;
}

/** RFC 6749 section 4.3. RFC 9700 advises against it: a client has it only where that is configured. */
export interface PasswordGrant {
  /**
   * @throws OAuthError `invalid_grant` where name or password are not right
   * @throws OAuthError `invalid_scope` where client or user may not have it
   * @throws InvalidProofError where the proof of the key was used before
   * @throws LoginLimitedError after too many failures
   * @throws TooManyRequestsError where too many logins wait already
   */
  exchange(request: PasswordRequest): Promise<TokenResponse>;
}

export const createPasswordGrant = (deps: {
  readonly logins: LoginService;
  readonly directIssue: DirectIssue;
  readonly auditLog: AuditLog;
}): PasswordGrant => {
  const logIn = async (request: PasswordRequest): Promise<User> => {
    try {
      return await deps.logins.logIn(request);
    } catch (error) {
      if (error instanceof WrongCredentialsError) throw new OAuthError('invalid_grant', error.message);
      throw error;
    }
  };

  return {
    exchange: async (request) => {
      const { client, scope, proof, address } = request;
      const asked = requestedScopes(client, scope);
      const user = await logIn(request);
      const scopes = grantableScopes(asked, {
        role: user.role,
        chosenBy: chooserOf(scope),
      });
      await proof.spend();
      const gives = mayRefresh(client) ? 'with-refresh' : 'access-only';
      const response = await deps.directIssue.issue({ client, user, scopes, dpopKey: proof.key, gives });
      const detail = 'password';
      deps.auditLog.count('token.issued', { userId: user.id, clientId: client.id, address, detail });
      return response;
    },
  };
};
