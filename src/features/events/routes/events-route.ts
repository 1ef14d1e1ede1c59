import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallRates } from '../../../calls/call-rates.ts';
import { authenticateAny } from '../../../http/authenticate.ts';
import { readBody, refuseRepeated } from '../../../http/body.ts';
import { letLast } from '../../../http/connections/connection.ts';
import type { DirectRoute } from '../../../http/direct-route.ts';
import { MethodNotAllowedError, NotAcceptableError } from '../../../http/errors.ts';
import { refuseUnknown } from '../../../http/known-names.ts';
import { acceptsType, negotiateFormat } from '../../../http/negotiate.ts';
import { parameter, queryOf } from '../../../http/query.ts';
import { showStanding } from '../../../http/rate-limit.ts';
import { noStore, send } from '../../../http/reply.ts';
import { writeXml } from '../../../http/xml.ts';
import type { TokenVerifier } from '../../../oauth/request/principal.ts';
import type { MonotonicClock } from '../../../shared/clock.ts';
import { StreamNotAcceptableError } from '../errors.ts';
import type { EventStreams, StreamRequest } from '../event-streams.ts';
import { FIRST_USE_SECONDS, type StreamTokens } from '../stream-tokens.ts';
import { ResponseSink, streamHeaders, whenGone } from './response-sink.ts';
import { readResumePoint, readSelection, refuseUnknownParameters } from './stream-query.ts';
import type { StreamTokenCheck } from './stream-token-check.ts';

export interface EventsRouteDeps {
  readonly publicUrl: string;
  readonly streams: EventStreams;
  readonly streamTokens: StreamTokens;
  readonly streamTokenCheck: StreamTokenCheck;
  readonly verifier: TokenVerifier;
  readonly rates: CallRates;
  readonly clock: MonotonicClock;
}

const PATH = /^\/rest\/call\/events\/?$/i;
const ALLOW = 'GET, HEAD, POST, OPTIONS';

/** `/rest/call/events`: the stream, and addresses of it for those who can send no header. */
export class EventsRoute implements DirectRoute {
  readonly #deps: EventsRouteDeps;

  constructor(deps: EventsRouteDeps) {
    this.#deps = deps;
  }

  matches(path: string): boolean {
    return PATH.test(path);
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#stream(request, response);
      case 'POST':
        return this.#makeAddress(request, response);
      case 'OPTIONS':
        response.writeHead(204, { Allow: ALLOW }).end();
        return Promise.resolve();
      default:
        throw new MethodNotAllowedError(ALLOW);
    }
  };

  async #stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { streams, rates, clock } = this.#deps;
    const wanted = await this.#read(request);
    if (wanted === 'over') {
      response.writeHead(204, noStore).end();
      return;
    }
    showStanding(response, rates.takeRead(wanted.principal.tokenId));
    const { accept } = request.headers;
    if (accept !== undefined && !acceptsType(accept, 'text/event-stream')) throw new StreamNotAcceptableError();
    if (request.method === 'HEAD') {
      await streams.check(wanted);
      response.writeHead(200, streamHeaders).end();
      return;
    }
    const stream = await streams.open(wanted);
    whenGone(request, response, () => stream.leave());
    letLast(response);
    stream.begin(new ResponseSink(response, clock));
  }

  /** @returns `over` where the address of a stream has outlived its token: an EventSource comes back until it hears so */
  async #read(request: IncomingMessage): Promise<StreamRequest | 'over'> {
    const query = queryOf(request);
    const from = readResumePoint(request, query);
    const streamToken = parameter(query, 'stream_token');
    if (streamToken !== undefined) {
      refuseUnknownParameters(query, 'stream-token');
      const grant = await this.#deps.streamTokenCheck(streamToken, request, from);
      return grant === 'over' ? 'over' : { ...grant, from };
    }
    const principal = await authenticateAny(this.#deps.verifier, request, query);
    refuseUnknownParameters(query, 'token');
    const selection = readSelection(parameter(query, 'token_call'), parameter(query, 'all'));
    return { principal, selection, from };
  }

  async #makeAddress(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { verifier, rates, streams, streamTokens, publicUrl } = this.#deps;
    const query = queryOf(request);
    const principal = await authenticateAny(verifier, request, query);
    showStanding(response, rates.takeRead(principal.tokenId));
    refuseUnknown('parameter', { names: [...(query?.keys() ?? [])], known: ['access_token'] });
    const format = negotiateFormat(request.headers.accept);
    if (format === undefined) throw new NotAcceptableError();
    const { fields, repeated } = await readBody(request, response);
    refuseUnknown('field', { names: Object.keys(fields), known: ['token_call', 'all'] });
    refuseRepeated(repeated);
    const selection = readSelection(fields['token_call'], fields['all']);
    await streams.check({ principal, selection });
    const url = `${publicUrl}/rest/call/events?stream_token=${streamTokens.make(principal, selection)}`;
    const content = { url, expires_in: FIRST_USE_SECONDS };
    const body = format === 'json' ? JSON.stringify(content) : writeXml({ name: 'stream', content });
    send(response, { status: 201, contentType: `application/${format}; charset=utf-8`, body });
  }
}
