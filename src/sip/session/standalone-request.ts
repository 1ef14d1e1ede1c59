import { Authorizer } from '../auth/authorizer.ts';
import type { DigestCredentials } from '../auth/credentials.ts';
import { uriOf } from '../dialog/route.ts';
import { createResponse } from '../message/create-response.ts';
import { SipHeaders } from '../message/headers.ts';
import { SipRequest, type SipResponse } from '../message/message.ts';
import { formatNameAddr, type NameAddr } from '../message/name-addr.ts';
import type { ClientTransactionUser } from '../transaction/transaction.ts';
import type { Hop } from '../transport/transport.ts';
import type { ExtraHeaders } from './session.ts';
import type { SessionContext } from './session-context.ts';

export interface RequestOptions {
  readonly method: string;
  readonly target: string;
  readonly hop?: Hop;
  /** Outbound proxies: a preloaded route set (RFC 3261 section 8.1.2). The first one is the next hop where `hop` says nothing. */
  readonly route?: readonly string[];
  readonly from: NameAddr;
  readonly to: NameAddr;
  /** A REGISTER without Contact gets ours. */
  readonly headers?: ExtraHeaders;
  readonly body?: string;
  readonly credentials?: DigestCredentials;
  /** Fixed by a registration: REGISTER keeps both over its refreshes (RFC 3261 section 10.2). */
  readonly callId?: string;
  readonly cseq?: number;
}

const MAX_TRIES = 4;

/** A request outside of dialogs until its final response (RFC 3261 section 8.1), challenges answered. */
export class StandaloneRequest implements ClientTransactionUser {
  readonly #context: SessionContext;
  readonly #options: RequestOptions;
  readonly #authorizer: Authorizer | undefined;
  readonly #resolve: (response: SipResponse) => void;
  #request: SipRequest;
  #hop: Hop | undefined;
  #cseq: number;
  #tries = 0;

  private constructor(context: SessionContext, options: RequestOptions, resolve: (response: SipResponse) => void) {
    this.#context = context;
    this.#options = options;
    this.#authorizer = options.credentials && new Authorizer(options.credentials, context.ids);
    this.#resolve = resolve;
    this.#cseq = options.cseq ?? 1;
    this.#request = this.#build();
  }

  static send(context: SessionContext, options: RequestOptions): Promise<SipResponse> {
    return new Promise((resolve) => new StandaloneRequest(context, options, resolve).#start());
  }

  onResponse(response: SipResponse): void {
    if (response.status < 200) return;
    const retry =
      this.#tries < MAX_TRIES ? this.#authorizer?.retry(this.#request, response, () => (this.#cseq += 1)) : undefined;
    if (retry === undefined || this.#hop === undefined) this.#resolve(response);
    else this.#send(retry, this.#hop);
  }

  onTimeout(): void {
    this.#resolve(createResponse(this.#request, 408));
  }

  onTransportError(): void {
    this.#resolve(createResponse(this.#request, 503));
  }

  #start(): void {
    const { hop, target, route: [firstRoute] = [] } = this.#options;
    const located = (found: Hop | undefined): void => {
      if (found === undefined) this.onTransportError();
      else this.#send(this.#request, found);
    };
    if (hop !== undefined) located(hop);
    else this.#context.locator.find(firstRoute === undefined ? target : uriOf(firstRoute), ([found]) => located(found));
  }

  #send(request: SipRequest, hop: Hop): void {
    this.#tries += 1;
    this.#request = request;
    this.#hop = hop;
    const { headers, method } = request;
    if (method === 'REGISTER' && !headers.has('contact')) headers.append('contact', this.#context.contact(hop));
    this.#context.transactions.request(request, hop, this);
  }

  #build(): SipRequest {
    const { method, target, from, to, callId, route = [], headers: extra = [], body = '' } = this.#options;
    const { ids } = this.#context;
    const headers = new SipHeaders();
    for (const value of route) headers.append('route', value);
    headers
      .append('max-forwards', '70')
      .append('from', formatNameAddr({ ...from, tag: ids.random(64) }))
      .append('to', formatNameAddr({ ...to, tag: undefined }))
      .append('call-id', callId ?? ids.random(128))
      .append('cseq', `${this.#cseq} ${method}`);
    for (const [name, value] of [...extra, ...this.#context.agentHeaders]) headers.append(name.toLowerCase(), value);
    return new SipRequest(method, target, headers, Buffer.from(body));
  }
}
