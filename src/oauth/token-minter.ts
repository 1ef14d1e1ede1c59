import type { IdSource } from '../shared/ids.ts';
import type { Scope } from './permissions.ts';
import { formatScopes } from './scope.ts';
import { hashSecret, newSecret } from './secrets.ts';
import type { Client } from './account-stores.ts';
import type { IssuedTokens, TokenFamily } from './token-stores.ts';

/** RFC 6749 section 5.1. */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
}

/** The tokens that one request may give: drawn once, however often its transaction starts over. */
export interface MintedTokens {
  readonly access: string;
  readonly refresh: string | null;
}

export const mintTokens = (ids: IdSource, refresh: 'with-refresh' | 'access-only'): MintedTokens => ({
  access: newSecret(ids),
  refresh: refresh === 'with-refresh' ? newSecret(ids) : null,
});

/** Whether the client's code redemptions give a refresh token. */
export const mayRefresh = (client: Client): boolean => client.grantTypes.includes('refresh_token');

/** What a new token belongs to, and how long it lives. */
interface Terms {
  readonly client: Client;
  readonly family: TokenFamily;
  readonly scopes: readonly Scope[];
  readonly now: number;
}

/** The rows of minted tokens. None outlives its family. */
export const tokenRows = (minted: MintedTokens, { client, family, scopes, now }: Terms): IssuedTokens => {
  const row = (token: string, seconds: number) => ({
    hash: hashSecret(token),
    familyId: family.id,
    createdAt: now,
    expiresAt: Math.min(now + seconds * 1000, family.expiresAt),
  });
  return {
    access: { ...row(minted.access, client.accessTokenSeconds), scopes },
    refresh: minted.refresh === null ? null : row(minted.refresh, client.refreshIdleSeconds),
  };
};

/** What the client is told of tokens that were stored. */
export const tokenResponse = (minted: MintedTokens, { access }: IssuedTokens): TokenResponse => ({
  access_token: minted.access,
  token_type: 'Bearer',
  expires_in: Math.floor((access.expiresAt - access.createdAt) / 1000),
  ...(minted.refresh === null ? {} : { refresh_token: minted.refresh }),
  scope: formatScopes(access.scopes),
});

/** A family starts with a decision of its owner. Without refresh tokens it ends with its access token. */
export const newFamily = (
  { client, scopes, now }: Omit<Terms, 'family'>,
  { id, userId, minted }: { readonly id: string; readonly userId: string; readonly minted: MintedTokens },
): TokenFamily => {
  const seconds = minted.refresh === null ? client.accessTokenSeconds : client.refreshAbsoluteSeconds;
  return { id, clientId: client.id, userId, scopes, createdAt: now, expiresAt: now + seconds * 1000 };
};
