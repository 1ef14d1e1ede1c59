import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Viewer } from '../../../calls/call-command.ts';
import type { CallRates } from '../../../calls/call-rates.ts';
import { authenticateAny } from '../../../http/authenticate.ts';
import { InvalidRequestError, NotAcceptableError } from '../../../http/errors.ts';
import { negotiateListFormat } from '../../../http/negotiate.ts';
import { parameter } from '../../../http/query.ts';
import { showStanding } from '../../../http/rate-limit.ts';
import { send } from '../../../http/reply.ts';
import type { CallRead } from '../../../http/routes/call/call-read.ts';
import { representCall } from '../../../http/routes/call/call-representation.ts';
import { viewerOf } from '../../../http/routes/call/viewer.ts';
import type { ConcurrencyLimit } from '../../../oauth/limits/concurrency-limit.ts';
import type { TokenVerifier } from '../../../oauth/request/principal.ts';
import type { CallHistory } from '../call-history.ts';
import type { Cursors } from '../cursors.ts';
import type { CallSearch, Position } from '../model.ts';
import { ListBody } from './list-body.ts';
import { readLimit, readSearch, refuseUnknownFilters } from './search-query.ts';
import { nameOf, whoseCalls } from './viewed.ts';

/** What a search needs to know of people. */
export interface HistoryDirectory {
  /** In the way of which country a viewer dials. */
  countryOf(viewer: Viewer): Promise<string>;
  isExtension(digits: string): Promise<boolean>;
  /** A name as its user's calls have it, however it is written. */
  usernameOf(typed: string): Promise<string>;
}

export interface HistoryReadDeps {
  readonly publicUrl: string;
  readonly history: CallHistory;
  readonly cursors: Cursors;
  readonly directory: HistoryDirectory;
  readonly verifier: TokenVerifier;
  readonly rates: CallRates;
  /** How many pages are made at once. */
  readonly atOnce: ConcurrencyLimit;
}

interface Asked {
  readonly search: CallSearch;
  readonly limit: number;
  readonly after: Position | null;
}

/** `GET /rest/call?state=`: the calls of the past. */
export class HistoryRead implements CallRead {
  readonly parameter = 'state';
  readonly #deps: HistoryReadDeps;

  constructor(deps: HistoryReadDeps) {
    this.#deps = deps;
  }

  async handle(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const { verifier, rates, atOnce, cursors } = this.#deps;
    const principal = await authenticateAny(verifier, request, query);
    const viewer = viewerOf(principal);
    showStanding(response, rates.takeRead(principal.tokenId));
    const format = negotiateListFormat(request.headers.accept);
    if (format === undefined) throw new NotAcceptableError('json-xml-csv');
    const asked = await this.#read(query, viewer);
    const body = new ListBody(format);
    const end = await atOnce.run(nameOf(viewer), () => this.#page(asked, body));
    const next = end && cursors.write(asked.search, end);
    const link = next === null ? {} : { Link: `<${this.#addressOf(query, next)}>; rel="next"` };
    send(response, { status: 200, contentType: body.contentType, body: body.end(next), headers: link });
  }

  async #read(query: URLSearchParams, viewer: Viewer): Promise<Asked> {
    const { directory, cursors } = this.#deps;
    refuseUnknownFilters(query);
    const whose = whoseCalls(viewer, query);
    const country = await directory.countryOf(viewer);
    const typed = await readSearch(query, whose, { country, isExtension: (digits) => directory.isExtension(digits) });
    const { username } = typed;
    const search = { ...typed, username: username && (await directory.usernameOf(username)) };
    const cursor = parameter(query, 'cursor');
    const after = cursor === undefined ? null : cursors.read(search, cursor);
    if (after === undefined) {
      const message = 'cursor is none that a page of this list gave: the other parameters must stay as they were.';
      throw new InvalidRequestError(message, { details: { parameter: 'cursor' } });
    }
    return { search, limit: readLimit(query), after };
  }

  #page({ search, limit, after }: Asked, body: ListBody): Promise<Position | null> {
    const { history, publicUrl } = this.#deps;
    const show: Parameters<CallHistory['page']>[1]['show'] = (calls) =>
      body.add(calls.map((call) => representCall(call, publicUrl)));
    return history.page(search, { after, limit, show });
  }

  /** The same question from there on. A token that was in it stays out: an address is kept and logged. */
  #addressOf(query: URLSearchParams, cursor: string): string {
    const next = new URLSearchParams(query);
    for (const name of ['access_token', '_']) next.delete(name);
    next.set('cursor', cursor);
    return `${this.#deps.publicUrl}/rest/call?${next.toString()}`;
  }
}
