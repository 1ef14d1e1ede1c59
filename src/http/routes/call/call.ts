import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Viewer } from '../../../calls/call-command.ts';
import type { CallRates } from '../../../calls/call-rates.ts';
import type { CallRecord } from '../../../calls/call-record.ts';
import type { CallService } from '../../../calls/call-service.ts';
import type { Principal, TokenVerifier } from '../../../oauth/request/principal.ts';
import { authenticate, authenticateAny } from '../../authenticate.ts';
import { type Body, readBody } from '../../body.ts';
import type { DirectRoute } from '../../direct-route.ts';
import { InvalidRequestError, MethodNotAllowedError, NotAcceptableError } from '../../errors.ts';
import { type Format, negotiateFormat } from '../../negotiate.ts';
import { asAppError } from '../../problem.ts';
import { parameter, type Query, queryOf } from '../../query.ts';
import { showStanding } from '../../rate-limit.ts';
import { noStore, send } from '../../reply.ts';
import { contextOf } from '../../request-context.ts';
import { writeXml } from '../../xml.ts';
import type { CallRead } from './call-read.ts';
import { callHref, representCall } from './call-representation.ts';
import { type ReadOfCall, readWait, readWhenChanged, type WaitDeps } from './call-wait.ts';
import { parsePlaceCall, parseStopCall, refuseUnknownParameters } from './schemas.ts';
import { requesterOf, scopeFor, tooSmall, viewerOf } from './viewer.ts';

export interface CallRouteDeps {
  /** Base of every address we hand out, without a slash at its end. */
  readonly publicUrl: string;
  readonly calls: CallService;
  readonly verifier: TokenVerifier;
  readonly rates: CallRates;
  /** What features answer of it. */
  readonly reads: readonly CallRead[];
  /** For reads that wait. */
  readonly waits: WaitDeps;
}

const ALLOW = 'GET, HEAD, POST, PUT, OPTIONS';

const contentTypes: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
};

/** A body that cannot be read names no other call: with a token in the query it does not keep the call from being ended. */
const readStopBody = async (
  request: IncomingMessage,
  { response, inQuery }: { readonly response: ServerResponse; readonly inQuery: string | undefined },
): Promise<Pick<Body, 'fields' | 'repeated'>> => {
  try {
    return await readBody(request, response);
  } catch (error) {
    if (inQuery !== undefined && asAppError(error) !== undefined) return { fields: {}, repeated: new Set() };
    throw error;
  }
};

const PATH = /^\/rest\/call\/?$/i;

/** @param path - without the query */
export const isCallPath = (path: string): boolean => PATH.test(path);

/** `/rest/call`: place, stop, info and list. */
export class CallRoute implements DirectRoute {
  readonly #deps: CallRouteDeps;

  constructor(deps: CallRouteDeps) {
    this.#deps = deps;
  }

  matches(path: string): boolean {
    return isCallPath(path);
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#read(request, response);
      case 'POST':
        return this.#place(request, response);
      case 'PUT':
        return this.#stop(request, response);
      case 'OPTIONS':
        response.writeHead(204, { Allow: ALLOW }).end();
        return Promise.resolve();
      default:
        throw new MethodNotAllowedError(ALLOW);
    }
  };

  async #place(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { verifier, rates, calls, publicUrl } = this.#deps;
    const principal = await authenticate(verifier, request, queryOf(request));
    if (!principal.permissions.has('calls:place')) throw tooSmall('call');
    showStanding(response, rates.takeCall(principal.tokenId));
    const command = parsePlaceCall(await readBody(request, response), request.headers['idempotency-key']);
    const requester = { ...requesterOf(principal, 'own'), origin: contextOf(request) };
    const { tokenCall, how } = await calls.place(command, requester);
    response.writeHead(201, {
      Location: callHref(publicUrl, tokenCall),
      'Content-Length': 0,
      ...noStore,
      ...(how === 'replayed' && { 'Idempotent-Replayed': 'true' }),
    });
    response.end();
  }

  /** Neither limited nor refused for its Accept: hanging up always works. */
  async #stop(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { verifier, calls } = this.#deps;
    const query = queryOf(request);
    const principal = await authenticate(verifier, request, query);
    const scope = scopeFor(principal, { own: 'calls:stop', everybody: 'calls:stop-all' });
    const inQuery = parameter(query, 'token_call');
    const tokenCall = parseStopCall(await readStopBody(request, { response, inQuery }), inQuery);
    const call = await calls.stop(tokenCall, requesterOf(principal, scope));
    this.#sendCall(response, call, { format: negotiateFormat(request.headers.accept) ?? 'json' });
  }

  async #read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { verifier, rates, calls, reads } = this.#deps;
    const query = queryOf(request);
    const read = query && reads.find((each) => query.has(each.parameter));
    if (query !== undefined && read !== undefined) return read.handle(request, response, query);
    const principal = await authenticateAny(verifier, request, query);
    const viewer = viewerOf(principal);
    showStanding(response, rates.takeRead(principal.tokenId));
    const format = negotiateFormat(request.headers.accept);
    if (format === undefined) throw new NotAcceptableError();
    const tokenCall = parameter(query, 'token_call');
    refuseUnknownParameters(query, tokenCall === undefined ? 'list' : 'call');
    if (tokenCall === undefined) this.#sendCalls(response, await this.#list(viewer, query), format);
    else {
      const waitSeconds = readWait(parameter(query, 'wait'));
      const find = (now: Principal): Promise<CallRecord> => calls.info(tokenCall, viewerOf(now));
      const ifNoneMatch = request.headers['if-none-match'];
      await this.#readOne({ principal, find, format, ifNoneMatch, waitSeconds }, response);
    }
  }

  async #readOne(read: ReadOfCall, response: ServerResponse): Promise<void> {
    const { call, tag } = await readWhenChanged(read, this.#deps.waits, response);
    if (call !== undefined) this.#sendCall(response, call, { format: read.format, tag });
    else response.writeHead(304, { ETag: tag, ...noStore }).end();
  }

  #list(viewer: Viewer, query: Query): Promise<readonly CallRecord[]> {
    const all = parameter(query, 'all') ?? 'false';
    if (all === 'false') return this.#deps.calls.list(viewer);
    if (all !== 'true') throw new InvalidRequestError('all must be true or false.');
    if (viewer.scope !== 'everybody') throw tooSmall('operator');
    return this.#deps.calls.listAll();
  }

  #sendCall(response: ServerResponse, record: CallRecord, { format, tag }: { format: Format; tag?: string }): void {
    const call = representCall(record, this.#deps.publicUrl);
    const body = format === 'json' ? JSON.stringify(call) : writeXml({ name: 'call', content: call });
    const headers = tag === undefined ? {} : { ETag: tag };
    send(response, { status: 200, contentType: contentTypes[format], body, headers });
  }

  #sendCalls(response: ServerResponse, records: readonly CallRecord[], format: Format): void {
    const calls = records.map((record) => representCall(record, this.#deps.publicUrl));
    const total = calls.length;
    const body =
      format === 'json'
        ? JSON.stringify({ total, calls })
        : writeXml({ name: 'calls', attributes: { total }, content: calls });
    send(response, { status: 200, contentType: contentTypes[format], body });
  }
}
