import type { SipRequest } from '../message/message.ts';
import { uriScheme } from '../message/uri.ts';
import type { ServerTransaction, TransactionLayerUser } from '../transaction/transaction.ts';
import { supportedOptions, unsupportedOptions } from './option-tags.ts';
import { ReceivedSession } from './received-session.ts';
import { hasForeignBody } from './sdp-body.ts';
import type { ExtraHeaders, IncomingSession } from './session.ts';
import type { SessionContext } from './session-context.ts';
import { isTooShort, MIN_SESSION_EXPIRES } from './session-expires.ts';

/** Answers requests outside of dialogs, of one method. */
export type RequestHandler = (transaction: ServerTransaction) => void;

/** Methods that are nothing without a dialog: 481. */
const ONLY_IN_DIALOGS = new Set(['BYE', 'UPDATE', 'INFO', 'PRACK', 'NOTIFY', 'CANCEL']);
/** Methods that we know but do not take: 405, and 501 for the rest (RFC 3261 sections 8.2.1 and 21.5.2). */
const KNOWN = new Set(['REGISTER', 'SUBSCRIBE', 'PUBLISH', 'MESSAGE']);

/** Requests that come in: to their dialog, to the listener or handler, or to the refusal that they earn. */
export class Inbound implements TransactionLayerUser {
  readonly #context: SessionContext;
  readonly #handlers = new Map<string, RequestHandler>();
  /** INVITEs whose sessions live, to tell a copy that came by another way (section 8.2.2.2). */
  readonly #live = new Set<string>();
  #onInvite: ((session: IncomingSession) => void) | undefined;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  listen(onInvite: (session: IncomingSession) => void): void {
    this.#onInvite = onInvite;
  }

  handle(method: string, handler: RequestHandler): void {
    this.#handlers.set(method, handler);
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const isInDialog = request.to.tag !== undefined;
    const owner = isInDialog ? this.#context.dialogs.find(request) : undefined;
    const refusal = isInDialog && owner === undefined ? { status: 481 } : refusalOf(request);
    if (refusal !== undefined) this.#respond(transaction, refusal.status, refusal.headers);
    else if (owner !== undefined) owner.onRequest(transaction);
    else if (request.method === 'INVITE') this.#invite(transaction);
    else this.answer(transaction);
  }

  onAck(ack: SipRequest): void {
    this.#context.dialogs.find(ack)?.onAck(ack);
  }

  /** Answers what is no matter of sessions. */
  answer(transaction: ServerTransaction): void {
    const { method } = transaction.request;
    const handler = this.#handlers.get(method);
    if (handler !== undefined) handler(transaction);
    else if (method === 'OPTIONS') this.#respond(transaction, 200, this.#capabilities());
    else if (method === 'REFER') this.#respond(transaction, 603);
    else if (ONLY_IN_DIALOGS.has(method)) this.#respond(transaction, 481);
    else this.#respond(transaction, KNOWN.has(method) ? 405 : 501, [['allow', this.#context.allow]]);
  }

  #invite(transaction: ServerTransaction): void {
    const { request } = transaction;
    const key = `${request.callId} ${request.from.tag ?? ''} ${request.cseq.sequence}`;
    const refusal = this.#live.has(key) ? { status: 482 } : inviteRefusalOf(request);
    if (refusal !== undefined) {
      this.#respond(transaction, refusal.status, refusal.headers);
    } else if (this.#onInvite === undefined) {
      this.#respond(transaction, 480);
    } else {
      const session = new ReceivedSession(this.#context, transaction);
      this.#live.add(key);
      session.on('ended', () => this.#live.delete(key));
      this.#onInvite(session);
    }
  }

  #capabilities(): ExtraHeaders {
    return [
      ['allow', this.#context.allow],
      ['accept', 'application/sdp'],
      ['supported', supportedOptions],
    ];
  }

  #respond(transaction: ServerTransaction, status: number, headers?: ExtraHeaders): void {
    transaction.answerOnce(status, headers);
  }
}

interface Refusal {
  readonly status: number;
  readonly headers?: ExtraHeaders;
}

/** What a request earns whatever its purpose (RFC 3261 section 8.2.2). */
const refusalOf = (request: SipRequest): Refusal | undefined => {
  const scheme = uriScheme(request.uri);
  if (scheme !== 'sip' && scheme !== 'sips' && scheme !== 'tel') return { status: 416 };
  const unsupported = unsupportedOptions(request);
  return unsupported === '' ? undefined : { status: 420, headers: [['unsupported', unsupported]] };
};

/** The same for an INVITE that would open a session. */
const inviteRefusalOf = (request: SipRequest): Refusal | undefined => {
  if (request.headers.has('replaces')) return { status: 603 };
  if (hasForeignBody(request)) return { status: 415, headers: [['accept', 'application/sdp']] };
  if (isTooShort(request)) return { status: 422, headers: [['min-se', String(MIN_SESSION_EXPIRES)]] };
  return undefined;
};
