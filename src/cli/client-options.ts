import { type Command, Option } from 'commander';
import type { Administration } from '../app/administration.ts';

export type Description = Parameters<Administration['clients']['create']>[0];
export type GrantType = NonNullable<Description['grantTypes']>[number];
export type Scope = NonNullable<Description['scopes']>[number];

/** How `client add` and `client set` describe an application. What was not given is undefined. */
export interface ClientOptions {
  readonly name?: string;
  readonly redirectUri?: readonly string[] | false;
  readonly grants?: readonly string[];
  readonly tokenByGet?: readonly string[] | false;
  readonly scope?: readonly string[];
  readonly defaultScope?: readonly string[];
  readonly clientSide?: boolean;
  readonly jwt?: boolean;
  readonly dpop?: boolean;
  readonly pkce?: boolean;
  readonly queryTokens?: boolean;
  readonly accessTokenSeconds?: string;
  readonly refreshIdleSeconds?: string;
  readonly refreshAbsoluteSeconds?: string;
}

/** The words of the protocol, but for one that is too long to type. */
export const grantTypes: Readonly<Record<string, GrantType>> = {
  authorization_code: 'authorization_code',
  refresh_token: 'refresh_token',
  password: 'password',
  client_credentials: 'client_credentials',
  device_code: 'urn:ietf:params:oauth:grant-type:device_code',
};

export const scopes: readonly Scope[] = ['call', 'read', 'write', 'public', 'application', 'operator', 'admin', 'all'];
export const grantNames = Object.keys(grantTypes);

/** A grant as the command line calls it. */
export const nameOfGrant = (grantType: GrantType): string =>
  grantNames.find((name) => grantTypes[name] === grantType) ?? grantType;

/** An option that takes some of the words. The help and the completion of the shell show them. */
const wordsOption = (flags: string, description: string, words: readonly string[]): Option => {
  const option = new Option(flags, description);
  option.argChoices = [...words];
  return option;
};

const WITHOUT_PKCE = ['--no-pkce', 'with a secret, it may do without PKCE; RFC 9700 advises against it'] as const;

const addDescription = (command: Command): Command =>
  command
    .option('--name <text>', 'what the consent page calls it')
    .option('--redirect-uri <addresses...>', 'where its users are sent back to: all of its addresses')
    .addOption(wordsOption('--grants <grants...>', 'how it gets tokens; RFC 9700 advises against password', grantNames))
    .addOption(wordsOption('--scope <scopes...>', 'what it may ask for', scopes))
    .addOption(wordsOption('--default-scope <scopes...>', 'what it gets where it asks for nothing', scopes))
    .option('--client-side', 'it may also ask for a token in the fragment; RFC 9700 advises against it')
    .option('--jwt', 'its tokens are JWT, which others can check by themselves')
    .option('--dpop', 'its tokens are bound to a key that it proves to have (RFC 9449)')
    .option('--query-tokens', 'its tokens are also taken in the address; RFC 9700 advises against it')
    .addOption(
      wordsOption('--token-by-get <grants...>', 'grants that may come by GET; RFC 9700 advises against it', grantNames),
    )
    .option('--access-token-seconds <seconds>', 'life of an access token')
    .option('--refresh-idle-seconds <seconds>', 'how long a refresh token may go unused')
    .option('--refresh-absolute-seconds <seconds>', 'how long a grant lives at all');

/** What `client add` takes. */
export const addClientOptions = (command: Command): Command => addDescription(command).option(...WITHOUT_PKCE);

/** What `client set` takes: also how to switch each of them off. */
export const addClientChangeOptions = (command: Command): Command =>
  addDescription(command)
    .option('--no-redirect-uri', 'it has none any more')
    .option('--no-client-side', 'no token in the fragment any more')
    .option('--no-jwt', 'its tokens are opaque')
    .option('--no-dpop', 'its tokens are bound to a key only where a request brings a proof')
    .option('--pkce', 'PKCE is required')
    .option(...WITHOUT_PKCE)
    .option('--no-query-tokens', 'its tokens are taken in a header only')
    .option('--no-token-by-get', 'no grant by GET any more');

const optionOfField: Readonly<Record<string, string>> = {
  id: '<id>',
  name: '--name',
  redirectUris: '--redirect-uri',
  grantTypes: '--grants',
  grantTypesByGet: '--token-by-get',
  scopes: '--scope',
  defaultScopes: '--default-scope',
  accessTokenSeconds: '--access-token-seconds',
  refreshIdleSeconds: '--refresh-idle-seconds',
  refreshAbsoluteSeconds: '--refresh-absolute-seconds',
};

/** The faults of a description, each at the option as it is typed. */
export const asTyped = (message: string): string =>
  message
    .split('; ')
    .map((fault) => fault.replace(/^(\w+)(?=: )/, (field) => optionOfField[field] ?? field))
    .join('; ');
