import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authorization, TokenRequest } from '../../../oauth/authorization.ts';
import { Parameters } from '../../../oauth/request/parameters.ts';
import type { Log } from '../../../shared/log.ts';
import { decodeBody, mediaTypeOf } from '../../body.ts';
import { allowAnyOrigin, answerPreflight } from '../../cors.ts';
import type { DirectRoute } from '../../direct-route.ts';
import { MethodNotAllowedError } from '../../errors.ts';
import type { BearerSpelling } from '../../oauth/authorization-library.ts';
import type { AuthorizationServer } from '../../oauth/authorization-server.ts';
import { ForeignOriginError } from '../../oauth/errors.ts';
import { FORM, UnsupportedFormError } from '../../oauth/form.ts';
import { routeOf, sentProof } from '../../oauth/presented-token.ts';
import { receiveBody } from '../../receive-body.ts';
import { tokenNoStore } from '../../reply.ts';
import { pathOf, queryOf } from '../../request-target.ts';
import { sendTokenError } from './token-error.ts';

export interface TokenRouteParts extends Pick<Authorization, 'tokenRequests'> {
  readonly authorizationServer: Pick<AuthorizationServer, 'grantTokens'>;
  /** Whose pages are our own. */
  readonly publicUrl: string;
  readonly log: Log;
}

const METHODS = 'GET, POST';
const MAX_BYTES = 32 * 1024;

/** Each address of the endpoint, and what a code gets there by GET. */
const codeAnswerByGet: ReadonlyMap<string, TokenRequest['codeAnswer']> = new Map([
  ['/oauth/token', 'redirect'],
  ['/api/oauth/token', 'json'],
  ['/oauth2/token', 'json'],
]);

/** As the programs that know the address have it in their examples. */
const bearerAt = (address: string): BearerSpelling => (address === '/oauth2/token' ? 'Bearer' : 'bearer');

/** With and without a slash at the end, in any case. */
const addressOf = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path).toLowerCase();

const readForm = async (request: IncomingMessage, response: ServerResponse): Promise<Parameters> => {
  const contentType = request.headers['content-type'] ?? '';
  const bytes = await receiveBody(request, { response, limitBytes: MAX_BYTES });
  if (bytes.length > 0 && mediaTypeOf(contentType) !== FORM) throw new UnsupportedFormError();
  return Parameters.parse(decodeBody(bytes, contentType));
};

/** The token endpoint (RFC 6749 section 3.2). It knows no session: the requester is a client, never a person. */
export class TokenRoute implements DirectRoute {
  readonly #parts: TokenRouteParts;
  readonly #ownOrigin: string;

  constructor(parts: TokenRouteParts) {
    this.#parts = parts;
    this.#ownOrigin = new URL(parts.publicUrl).origin;
  }

  matches(path: string): boolean {
    return codeAnswerByGet.has(addressOf(path));
  }

  async handle(request: IncomingMessage, response: ServerResponse, address: () => string): Promise<void> {
    for (const [name, value] of Object.entries(tokenNoStore)) response.setHeader(name, value);
    try {
      await this.#answer(request, response, address);
    } catch (error) {
      if (response.headersSent) throw error;
      sendTokenError({ request, response }, error, this.#parts.log);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, address: () => string): Promise<void> {
    switch (request.method) {
      case 'GET':
        return this.#grant(request, { response, address, parameters: Parameters.parse(queryOf(request.url ?? '')) });
      case 'POST':
        return this.#grant(request, { response, address, parameters: await readForm(request, response) });
      case 'OPTIONS':
        allowAnyOrigin(response);
        response.setHeader('Allow', METHODS);
        answerPreflight(request, response, METHODS);
        return;
      default:
        throw new MethodNotAllowedError(METHODS);
    }
  }

  async #grant(
    request: IncomingMessage,
    { response, address, parameters }: { response: ServerResponse; address: () => string; parameters: Parameters },
  ): Promise<void> {
    const { tokenRequests, authorizationServer } = this.#parts;
    if (tokenRequests.carriesCredentials(parameters) && this.#isForeign(request)) throw new ForeignOriginError();
    if (tokenRequests.isForBrowsers(parameters)) allowAnyOrigin(response);
    const method = request.method === 'GET' ? 'GET' : 'POST';
    const endpoint = addressOf(pathOf(request.url ?? '/'));
    const tokenRequest = await tokenRequests.check({
      parameters,
      method,
      codeAnswer: method === 'GET' ? (codeAnswerByGet.get(endpoint) ?? 'json') : 'json',
      authorization: request.headers.authorization,
      route: routeOf(request.headers),
      address: address(),
      proof: sentProof(request),
    });
    await new Promise<void>((resolve, reject) => {
      response.once('close', resolve);
      authorizationServer.grantTokens(tokenRequest, { request, response, next: reject, bearer: bearerAt(endpoint) });
    });
  }

  /** A browser says where a request comes from, in headers that no page can forge; a program sends neither. */
  #isForeign({ headers }: IncomingMessage): boolean {
    const { origin, 'sec-fetch-site': site = 'none' } = headers;
    return (origin !== undefined && origin !== this.#ownOrigin) || site === 'cross-site' || site === 'same-site';
  }
}
