export interface AuthorizeOptions {
  readonly username?: string;
  readonly password?: string;
  readonly scope?: string;
}

const formBody = (
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): RequestInit => ({
  method: 'POST',
  redirect: 'manual',
  headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});

const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const sandboxClient = { client_id: 'demo-app', client_secret: 'demo-secret' };

const redeem = async (baseUrl: string, code: string): Promise<Tokens> => {
  const fields = { ...sandboxClient, grant_type: 'authorization_code', redirect_uri: `${baseUrl}/test`, code };
  const answer = await fetch(`${baseUrl}/oauth/token`, formBody(fields));
  const tokens = (await answer.json()) as { access_token?: string; refresh_token?: string };
  const { access_token: accessToken, refresh_token: refreshToken } = tokens;
  if (accessToken === undefined || refreshToken === undefined) throw new Error(`no token: ${answer.status}`);
  return { accessToken, refreshToken };
};

/** Walks the application flow as a browser would, with the sandbox's `demo-app`. */
export const obtainTokens = async (baseUrl: string, options: AuthorizeOptions = {}): Promise<Tokens> => {
  const { username = 'demo', password = 'demo', scope = 'call' } = options;
  const { client_id } = sandboxClient;
  const parameters = { client_id, response_type: 'code', redirect_uri: `${baseUrl}/test`, scope };
  const login = await fetch(`${baseUrl}/auth/login`, formBody({ ...parameters, username, password }));
  const cookie = cookieOf(login);
  const page = new URL(login.headers.get('location') ?? '/', baseUrl);
  let answer = await fetch(page, { redirect: 'manual', headers: { cookie } });
  if (answer.status === 200) {
    answer = await fetch(`${baseUrl}/auth/grant`, formBody({ ...parameters, grant: 'true' }, { cookie }));
  }
  const code = new URL(answer.headers.get('location') ?? baseUrl).searchParams.get('code');
  if (code === null) throw new Error(`no code: ${answer.status} ${await answer.text()}`);
  return redeem(baseUrl, code);
};

/** The same, for the access token alone. */
export const authorize = async (baseUrl: string, options: AuthorizeOptions = {}): Promise<string> =>
  (await obtainTokens(baseUrl, options)).accessToken;
