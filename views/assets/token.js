/* The access token of this tab. It is never stored longer than the tab lives. */

const TOKEN = 'offhook.token';

/** The token, while it has not run out: `{ accessToken, scope, expiresAt }`. */
export const currentToken = () => {
  const token = JSON.parse(sessionStorage.getItem(TOKEN) ?? 'null');
  return token !== null && token.expiresAt > Date.now() ? token : undefined;
};

/** Keeps the token of a reply (RFC 6749 section 5.1) or of a fragment (section 4.2.2). */
export const keepToken = (reply) => {
  const token = {
    accessToken: reply.access_token,
    scope: reply.scope ?? '',
    expiresAt: Date.now() + Number(reply.expires_in) * 1000,
  };
  sessionStorage.setItem(TOKEN, JSON.stringify(token));
};

export const forgetToken = () => sessionStorage.removeItem(TOKEN);
