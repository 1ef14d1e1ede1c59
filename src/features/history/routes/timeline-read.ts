import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallRates } from '../../../calls/call-rates.ts';
import type { CallService } from '../../../calls/call-service.ts';
import type { CallStore } from '../../../calls/call-store.ts';
import { authenticateAny } from '../../../http/authenticate.ts';
import { InvalidRequestError, NotAcceptableError } from '../../../http/errors.ts';
import { refuseUnknown } from '../../../http/known-names.ts';
import { negotiateFormat } from '../../../http/negotiate.ts';
import { parameter } from '../../../http/query.ts';
import { showStanding } from '../../../http/rate-limit.ts';
import { noStore, send } from '../../../http/reply.ts';
import type { CallRead } from '../../../http/routes/call/call-read.ts';
import { representCall } from '../../../http/routes/call/call-representation.ts';
import { isNamedIn, tagOf } from '../../../http/routes/call/call-wait.ts';
import { viewerOf } from '../../../http/routes/call/viewer.ts';
import { writeXml } from '../../../http/xml.ts';
import type { TokenVerifier } from '../../../oauth/request/principal.ts';
import { representTimeline } from './event-representation.ts';

export interface TimelineReadDeps {
  readonly publicUrl: string;
  readonly calls: Pick<CallService, 'info'>;
  readonly store: Pick<CallStore, 'events'>;
  readonly verifier: TokenVerifier;
  readonly rates: CallRates;
}

const known = ['token_call', 'expand', 'access_token'];

/** The call that is to be shown with its events. */
const readTokenCall = (query: URLSearchParams): string => {
  refuseUnknown('parameter', { names: [...query.keys()], known });
  const details = { parameter: 'expand' };
  for (const word of (parameter(query, 'expand') ?? '').split(',')) {
    if (word === 'ladder') throw new InvalidRequestError('expand: the SIP ladder of a call is not kept.', { details });
    if (word !== 'events') throw new InvalidRequestError('expand must be events.', { details });
  }
  const tokenCall = parameter(query, 'token_call');
  if (tokenCall !== undefined) return tokenCall;
  throw new InvalidRequestError('expand is of one call: token_call is missing.', {
    details: { parameter: 'token_call' },
  });
};

/** `GET /rest/call?token_call=&expand=events`: a call with all that happened in it. */
export class TimelineRead implements CallRead {
  readonly parameter = 'expand';
  readonly #deps: TimelineReadDeps;

  constructor(deps: TimelineReadDeps) {
    this.#deps = deps;
  }

  async handle(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const { verifier, rates, calls, store, publicUrl } = this.#deps;
    const principal = await authenticateAny(verifier, request, query);
    const viewer = viewerOf(principal);
    showStanding(response, rates.takeRead(principal.tokenId));
    const format = negotiateFormat(request.headers.accept);
    if (format === undefined) throw new NotAcceptableError();
    const tokenCall = readTokenCall(query);
    const record = await calls.info(tokenCall, viewer);
    const tag = tagOf(record, `${format}-events`);
    if (isNamedIn(request.headers['if-none-match'], tag)) {
      response.writeHead(304, { ETag: tag, ...noStore }).end();
      return;
    }
    const events = representTimeline(record, await store.events(tokenCall));
    const call = { ...representCall(record, publicUrl), events };
    const isXml = format === 'xml';
    send(response, {
      status: 200,
      contentType: isXml ? 'application/xml; charset=utf-8' : 'application/json; charset=utf-8',
      body: isXml ? writeXml({ name: 'call', content: call }) : JSON.stringify(call),
      headers: { ETag: tag },
    });
  }
}
