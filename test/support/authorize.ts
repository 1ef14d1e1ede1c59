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

type Credentials = Pick<AuthorizeOptions, 'username' | 'password'>;

/** Logs in as a browser would. @returns the session cookie, and where the login leads */
const logIn = async (
  baseUrl: string,
  parameters: Readonly<Record<string, string>>,
  { username = 'demo', password = 'demo' }: Credentials = {},
): Promise<{ readonly cookie: string; readonly page: URL }> => {
  const answer = await fetch(`${baseUrl}/auth/login`, formBody({ ...parameters, username, password }));
  return { cookie: cookieOf(answer), page: new URL(answer.headers.get('location') ?? '/', baseUrl) };
};

/** Walks from an authorization request through login and consent. @returns where the browser is sent in the end */
export const grantAccess = async (authorizationUrl: URL, credentials: Credentials = {}): Promise<URL> => {
  const { origin } = authorizationUrl;
  const asked = await fetch(authorizationUrl, { redirect: 'manual' });
  const login = new URL(asked.headers.get('location') ?? '/', origin);
  const parameters = Object.fromEntries(login.searchParams);
  const { cookie, page } = await logIn(origin, parameters, credentials);
  let answer = await fetch(page, { redirect: 'manual', headers: { cookie } });
  if (answer.status === 200) {
    answer = await fetch(`${origin}/auth/grant`, formBody({ ...parameters, grant: 'true' }, { cookie }));
  }
  const location = answer.headers.get('location');
  if (location === null) throw new Error(`no redirect: ${answer.status} ${await answer.text()}`);
  return new URL(location);
};

/** Lets a device in that shows this code. @returns the status of the page */
export const approveDevice = async (baseUrl: string, userCode: string): Promise<number> => {
  const { cookie } = await logIn(baseUrl, {});
  const answer = await fetch(`${baseUrl}/device`, formBody({ user_code: userCode, grant: 'true' }, { cookie }));
  return answer.status;
};

/** Walks the application flow as a browser would, with the sandbox's `demo-app`. */
export const obtainTokens = async (baseUrl: string, options: AuthorizeOptions = {}): Promise<Tokens> => {
  const { scope = 'call' } = options;
  const { client_id } = sandboxClient;
  const asked = new URLSearchParams({ client_id, response_type: 'code', redirect_uri: `${baseUrl}/test`, scope });
  const arrival = await grantAccess(new URL(`${baseUrl}/oauth/auth?${asked.toString()}`), options);
  const code = arrival.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${arrival.href}`);
  return redeem(baseUrl, code);
};

/** The same, for the access token alone. */
export const authorize = async (baseUrl: string, options: AuthorizeOptions = {}): Promise<string> =>
  (await obtainTokens(baseUrl, options)).accessToken;
