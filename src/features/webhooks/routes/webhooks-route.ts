import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallRates } from '../../../calls/call-rates.ts';
import { authenticateAny } from '../../../http/authenticate.ts';
import { type Fields, mediaTypeOf, readFields } from '../../../http/body.ts';
import type { DirectRoute } from '../../../http/direct-route.ts';
import {
  InvalidRequestError,
  MethodNotAllowedError,
  NotAcceptableError,
  UnsupportedMediaTypeError,
} from '../../../http/errors.ts';
import { refuseUnknown } from '../../../http/known-names.ts';
import { negotiateFormat } from '../../../http/negotiate.ts';
import { parameter, type Query, queryOf } from '../../../http/query.ts';
import { showStanding } from '../../../http/rate-limit.ts';
import { noStore, send } from '../../../http/reply.ts';
import { pathOf } from '../../../http/request-target.ts';
import { tooSmall } from '../../../http/routes/call/viewer.ts';
import type { TokenVerifier } from '../../../oauth/request/principal.ts';
import { WebhookNotFoundError } from '../errors.ts';
import { type DeliveryState, deliveryStates } from '../model.ts';
import type { WebhookService } from '../webhook-service.ts';
import { representDelivery, representWebhook } from './representation.ts';
import { parseNewWebhook, parseWebhookChanges } from './webhook-body.ts';

export interface WebhooksRouteParts {
  readonly webhooks: WebhookService;
  readonly verifier: TokenVerifier;
  readonly rates: CallRates;
  /** Base of every address we hand out, without a slash at its end. */
  readonly publicUrl: string;
}

interface WebhookRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: Query;
  readonly clientId: string;
  /** Of the webhook; empty in the list. */
  readonly id: string;
  /** Of the delivery; 0 where the address has none. */
  readonly deliveryId: number;
}

type Handle = (asked: WebhookRequest) => Promise<void>;
type Methods = ReadonlyMap<string, Handle>;

/** What an address is of, and what can be done there. */
interface Place extends Pick<WebhookRequest, 'id' | 'deliveryId'> {
  readonly methods: Methods;
}

const methods = (handles: Readonly<Record<string, Handle>>): Methods => new Map(Object.entries(handles));

const PATH = /^\/rest\/webhooks(?:\/([\w-]{1,64})(\/test|\/secret|\/deliveries(?:\/(\d{1,15})\/resend)?)?)?\/?$/i;
const PREFIX = /^\/rest\/webhooks(?:\/|$)/i;
const DEFAULT_LIMIT = 50;
const MOST_LIMIT = 500;

/** `/rest/webhooks`, for a token of the scope `application`. */
export class WebhooksRoute implements DirectRoute {
  readonly #parts: WebhooksRouteParts;
  readonly #methods: ReadonlyMap<string, Methods>;

  constructor(parts: WebhooksRouteParts) {
    this.#parts = parts;
    this.#methods = new Map<string, Methods>(
      Object.entries({
        list: methods({ GET: (asked) => this.#list(asked), POST: (asked) => this.#create(asked) }),
        one: methods({
          GET: (asked) => this.#show(asked),
          PUT: (asked) => this.#change(asked),
          DELETE: (asked) => this.#delete(asked),
        }),
        test: methods({ POST: (asked) => this.#test(asked) }),
        secret: methods({ POST: (asked) => this.#rotate(asked) }),
        deliveries: methods({ GET: (asked) => this.#deliveries(asked) }),
        resend: methods({ POST: (asked) => this.#resend(asked) }),
      }),
    );
  }

  matches(path: string): boolean {
    return PREFIX.test(path);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { id, deliveryId, methods } = this.#placeOf(request);
    const { method = '' } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204, { Allow: allowOf(methods) }).end();
      return;
    }
    const handle = methods.get(method === 'HEAD' ? 'GET' : method);
    if (handle === undefined) throw new MethodNotAllowedError(allowOf(methods));
    const query = queryOf(request);
    const clientId = await this.#clientOf(request, { response, query });
    if (negotiateFormat(request.headers.accept) !== 'json') throw new NotAcceptableError('json');
    await handle({ request, response, query, clientId, id, deliveryId });
  }

  /**
   * @throws WebhookNotFoundError where the address can be of no webhook
   */
  #placeOf({ url = '/' }: IncomingMessage): Place {
    const found = PATH.exec(pathOf(url));
    if (found === null) throw new WebhookNotFoundError();
    const [, id = '', deeper = '', delivery = '0'] = found;
    return { id, deliveryId: Number(delivery), methods: this.#methods.get(nameOf(id, deeper)) ?? new Map() };
  }

  /**
   * @throws InsufficientScopeError when the token stands for no application, or may not manage its webhooks
   */
  async #clientOf(
    request: IncomingMessage,
    { response, query }: { readonly response: ServerResponse; readonly query: Query },
  ): Promise<string> {
    const principal = await authenticateAny(this.#parts.verifier, request, query);
    if (principal.kind !== 'client' || principal.grantors === undefined) throw tooSmall('application');
    showStanding(response, this.#parts.rates.takeRead(principal.tokenId));
    return principal.clientId;
  }

  async #list(asked: WebhookRequest): Promise<void> {
    refuseParameters(asked.query, []);
    const webhooks = (await this.#parts.webhooks.list(asked.clientId)).map(representWebhook);
    reply(asked, { status: 200, json: { total: webhooks.length, webhooks } });
  }

  async #create(asked: WebhookRequest): Promise<void> {
    const { webhooks, publicUrl } = this.#parts;
    const description = parseNewWebhook(await fieldsOf(asked));
    const { webhook, secret } = await webhooks.create(asked.clientId, description);
    const headers = { Location: `${publicUrl}/rest/webhooks/${webhook.id}` };
    reply(asked, { status: 201, json: { ...representWebhook(webhook), secret }, headers });
  }

  async #show(asked: WebhookRequest): Promise<void> {
    refuseParameters(asked.query, []);
    const webhook = await this.#parts.webhooks.find(asked.clientId, asked.id);
    reply(asked, { status: 200, json: representWebhook(webhook) });
  }

  async #change(asked: WebhookRequest): Promise<void> {
    const changes = parseWebhookChanges(await fieldsOf(asked));
    const webhook = await this.#parts.webhooks.change(asked.clientId, asked.id, changes);
    reply(asked, { status: 200, json: representWebhook(webhook) });
  }

  async #delete(asked: WebhookRequest): Promise<void> {
    await this.#parts.webhooks.delete(asked.clientId, asked.id);
    asked.response.writeHead(204, noStore).end();
  }

  async #test(asked: WebhookRequest): Promise<void> {
    const delivery = await this.#parts.webhooks.test(asked.clientId, asked.id);
    reply(asked, { status: 202, json: representDelivery(delivery) });
  }

  async #rotate(asked: WebhookRequest): Promise<void> {
    const { webhook, secret, formerEndsAt } = await this.#parts.webhooks.rotateSecret(asked.clientId, asked.id);
    const former_secret_ends_at = new Date(formerEndsAt).toISOString();
    reply(asked, { status: 200, json: { id: webhook.id, secret, former_secret_ends_at } });
  }

  async #deliveries(asked: WebhookRequest): Promise<void> {
    const { query, clientId, id } = asked;
    refuseParameters(query, ['state', 'limit', 'cursor']);
    const limit = numberOf(query, 'limit', { least: 1, most: MOST_LIMIT }) ?? DEFAULT_LIMIT;
    const before = numberOf(query, 'cursor', { least: 1, most: Number.MAX_SAFE_INTEGER });
    // One more than asked for tells whether there is a next page.
    const page = { state: stateOf(query), before, limit: limit + 1 };
    const found = await this.#parts.webhooks.deliveries(clientId, id, page);
    const deliveries = found.slice(0, limit).map(representDelivery);
    const next = found.length > limit ? String(deliveries.at(-1)?.id) : null;
    const headers = next === null ? undefined : { Link: `<${this.#nextPage(asked, next)}>; rel="next"` };
    reply(asked, { status: 200, json: { deliveries, next }, headers });
  }

  async #resend(asked: WebhookRequest): Promise<void> {
    const delivery = await this.#parts.webhooks.resend(asked.clientId, asked.id, asked.deliveryId);
    reply(asked, { status: 202, json: representDelivery(delivery) });
  }

  #nextPage({ id, query }: WebhookRequest, next: string): string {
    const parameters = new URLSearchParams(query);
    for (const name of ['access_token', '_']) parameters.delete(name);
    parameters.set('cursor', next);
    return `${this.#parts.publicUrl}/rest/webhooks/${id}/deliveries?${parameters.toString()}`;
  }
}

const nameOf = (id: string, deeper: string): string => {
  if (id === '') return 'list';
  if (deeper === '') return 'one';
  return /resend$/i.test(deeper) ? 'resend' : deeper.slice(1).toLowerCase();
};

const allowOf = (methods: Methods): string =>
  [...[...methods.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS'].join(', ');

const refuseParameters = (query: Query, known: readonly string[]): void =>
  refuseUnknown('parameter', { names: [...(query?.keys() ?? [])], known: [...known, 'access_token'] });

/**
 * @throws UnsupportedMediaTypeError for what is not sent as JSON
 */
const fieldsOf = ({ request, response }: WebhookRequest): Promise<Fields> => {
  const type = mediaTypeOf(request.headers['content-type'] ?? '');
  if (type === 'application/json' || type.endsWith('+json')) return readFields(request, response);
  throw new UnsupportedMediaTypeError('The body must be JSON: add Content-Type: application/json.', {
    headers: { Accept: 'application/json' },
  });
};

const stateOf = (query: Query): DeliveryState | undefined => {
  const text = parameter(query, 'state');
  const state = deliveryStates.find((each) => each === text);
  if (text !== undefined && state === undefined) {
    throw new InvalidRequestError(`state must be one of ${deliveryStates.join(', ')}.`, {
      details: { parameter: 'state' },
    });
  }
  return state;
};

const numberOf = (
  query: Query,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined => {
  const text = parameter(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new InvalidRequestError(
    name === 'cursor' ? 'cursor is none of a page here.' : `${name} must be a number from ${least} to ${most}.`,
    { details: { parameter: name } },
  );
};

interface Answer {
  readonly status: number;
  readonly json: object;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const reply = ({ response }: WebhookRequest, { status, json, headers }: Answer): void => {
  const contentType = 'application/json; charset=utf-8';
  send(response, { status, contentType, body: JSON.stringify(json), ...(headers && { headers }) });
};
