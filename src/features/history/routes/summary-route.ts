import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallRates } from '../../../calls/call-rates.ts';
import { authenticateAny } from '../../../http/authenticate.ts';
import type { DirectRoute } from '../../../http/direct-route.ts';
import { MethodNotAllowedError, NotAcceptableError } from '../../../http/errors.ts';
import { negotiateListFormat } from '../../../http/negotiate.ts';
import { queryOf } from '../../../http/query.ts';
import { showStanding } from '../../../http/rate-limit.ts';
import { send } from '../../../http/reply.ts';
import { viewerOf } from '../../../http/routes/call/viewer.ts';
import type { ConcurrencyLimit } from '../../../oauth/limits/concurrency-limit.ts';
import type { TokenVerifier } from '../../../oauth/request/principal.ts';
import type { WallClock } from '../../../shared/clock.ts';
import type { HistoryStore } from '../history-store.ts';
import { summarize } from '../summary.ts';
import type { Turns } from '../turns.ts';
import { writeSummary } from './summary-body.ts';
import { readSummary, refuseUnknownInSummary } from './summary-query.ts';
import { nameOf, whoseCalls } from './viewed.ts';

export interface SummaryRouteDeps {
  readonly store: HistoryStore;
  readonly turns: Turns;
  readonly verifier: TokenVerifier;
  readonly rates: CallRates;
  /** How many are made at once. */
  readonly atOnce: ConcurrencyLimit;
  readonly clock: WallClock;
}

const PATH = /^\/rest\/call\/summary\/?$/i;
const ALLOW = 'GET, HEAD, OPTIONS';

/** `GET /rest/call/summary`: the figures of calls. */
export class SummaryRoute implements DirectRoute {
  readonly #deps: SummaryRouteDeps;

  constructor(deps: SummaryRouteDeps) {
    this.#deps = deps;
  }

  matches(path: string): boolean {
    return PATH.test(path);
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#read(request, response);
      case 'OPTIONS':
        response.writeHead(204, { Allow: ALLOW }).end();
        return Promise.resolve();
      default:
        throw new MethodNotAllowedError(ALLOW);
    }
  };

  async #read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { verifier, rates, clock, store, turns, atOnce } = this.#deps;
    const query = queryOf(request) ?? new URLSearchParams();
    const principal = await authenticateAny(verifier, request, query);
    const viewer = viewerOf(principal);
    showStanding(response, rates.takeRead(principal.tokenId));
    const format = negotiateListFormat(request.headers.accept);
    if (format === undefined) throw new NotAcceptableError('json-xml-csv');
    refuseUnknownInSummary(query);
    const asked = readSummary(query, whoseCalls(viewer, query), clock.now());
    const isAbandoned = (): boolean => request.socket.destroyed;
    const rows = await atOnce.run(nameOf(viewer), () => summarize(asked, { store, turns, isAbandoned }));
    if (rows !== undefined) send(response, { status: 200, ...writeSummary(asked, rows, format) });
  }
}
