import type { MonotonicClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { DialogTable } from './dialog/dialog-table.ts';
import type { SipResponse } from './message/message.ts';
import type { InviteOptions } from './session/create-invite.ts';
import { Inbound, type RequestHandler } from './session/inbound.ts';
import { OutgoingSession } from './session/outgoing-session.ts';
import type { ExtraHeaders, IncomingSession, InvitingSession } from './session/session.ts';
import type { SessionContext } from './session/session-context.ts';
import { type RequestOptions, StandaloneRequest } from './session/standalone-request.ts';
import { defaultTimers, type ServerTransaction, type TimerBase, type Transactions } from './transaction/transaction.ts';
import { Locator } from './transport/locate.ts';
import { cachingResolver, type Resolver, systemResolver } from './transport/resolver.ts';
import type { Hop, SipTransport } from './transport/transport.ts';

export type { DigestCredentials } from './auth/credentials.ts';
export type { NameAddr } from './message/name-addr.ts';
export type { RequestHandler } from './session/inbound.ts';
export type { InviteOptions } from './session/create-invite.ts';
export type {
  ExtraHeaders,
  IncomingSession,
  OfferResult,
  PeerMessage,
  RefusedInvite,
  RemoteOffer,
  Session,
  SessionEnd,
  SessionListener,
  SessionMessage,
} from './session/session.ts';
export type { RequestOptions } from './session/standalone-request.ts';

/** The face of the engine. */
export interface UserAgentFace {
  /** A session that is yet to be started: nothing is sent before that. */
  invite(options: InviteOptions): InvitingSession;
  /** A request outside of a dialog (REGISTER, OPTIONS). Resolves with the final response; 408 and 503 as made by us. */
  request(options: RequestOptions): Promise<SipResponse>;
  /** INVITEs that come in; without a listener they get 480. */
  listen(onInvite: (session: IncomingSession) => void): void;
  /** Adds a method, e.g. REGISTER for the registrar; it is then named in Allow. */
  handle(method: string, handler: RequestHandler): void;
  /** Hangs up every session and waits, at most `graceMs`, until they have ended. */
  close(graceMs: number): Promise<void>;
}

export interface UserAgentOptions {
  readonly transport: SipTransport;
  readonly transactions: Transactions;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  /** The user part of our Contact. */
  readonly contactUser: string;
  readonly timers?: TimerBase;
  /** Resolves the names in URIs; the machine's resolver where nothing is said. */
  readonly resolver?: Resolver;
  /** How long a session may live without a sign of life, in seconds: 1800 where nothing is said (RFC 4028). */
  readonly sessionExpiresSeconds?: number | undefined;
  /** For User-Agent; nothing is said where it is absent. */
  readonly serverName?: string;
}

const DEFAULT_SESSION_EXPIRES = 1800;

const METHODS = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'UPDATE', 'PRACK', 'INFO', 'MESSAGE'];

/** A SIP user agent over one transport (RFC 3261 section 8): sessions both ways, and requests outside of them. */
export class UserAgent implements UserAgentFace, SessionContext {
  readonly transactions: Transactions;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly timers: TimerBase;
  readonly dialogs = new DialogTable();
  readonly locator: Locator;
  readonly agentHeaders: ExtraHeaders;
  readonly sessionExpiresSeconds: number;
  allow = METHODS.join(', ');
  readonly #transport: SipTransport;
  readonly #contactUser: string;
  readonly #inbound: Inbound;

  constructor(options: UserAgentOptions) {
    this.transactions = options.transactions;
    this.clock = options.clock;
    this.ids = options.ids;
    this.timers = options.timers ?? defaultTimers;
    this.agentHeaders = options.serverName === undefined ? [] : [['user-agent', options.serverName]];
    this.sessionExpiresSeconds = options.sessionExpiresSeconds ?? DEFAULT_SESSION_EXPIRES;
    this.#transport = options.transport;
    this.#contactUser = options.contactUser;
    const resolver = options.resolver ?? cachingResolver(systemResolver, options.clock);
    const { clock, ids, log } = options;
    this.locator = new Locator({ resolver, clock, ids, log });
    this.#inbound = new Inbound(this);
    options.transactions.user = this.#inbound;
    options.transport.hasDialog = (tag) => this.dialogs.has(tag);
  }

  invite(options: InviteOptions): InvitingSession {
    return new OutgoingSession(this, options);
  }

  request(options: RequestOptions): Promise<SipResponse> {
    return StandaloneRequest.send(this, options);
  }

  listen(onInvite: (session: IncomingSession) => void): void {
    this.#inbound.listen(onInvite);
  }

  handle(method: string, handler: RequestHandler): void {
    this.#inbound.handle(method, handler);
    if (!METHODS.includes(method)) this.allow += `, ${method}`;
  }

  close(graceMs: number): Promise<void> {
    this.#inbound.listen((session) => session.reject(503));
    const ended = this.dialogs.hangUpAll();
    if (this.dialogs.size === 0) return ended;
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(graceMs, resolve);
      void ended.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  contact(hop: Hop): string {
    const { host, port } = this.#transport.localFor(hop);
    return `<sip:${this.#contactUser}@${host}:${port}${hop.protocol === 'tcp' ? ';transport=tcp' : ''}>`;
  }

  answerOther(transaction: ServerTransaction): void {
    this.#inbound.answer(transaction);
  }
}
