import type { MonotonicClock, WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { DigestClaim, DigestServer } from '../auth/digest-server.ts';
import { createResponse } from '../message/create-response.ts';
import { SipParseError } from '../message/errors.ts';
import type { SipRequest } from '../message/message.ts';
import { parseUri } from '../message/uri.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { Hop } from '../transport/transport.ts';
import type { Binding, BindingStore } from './binding-store.ts';
import { changeBindings } from './change-bindings.ts';
import { RegistrationError } from './errors.ts';
import { type Refusal, RefusalLog } from './refusal-log.ts';
import { type ExpiryBounds, readWish } from './register-request.ts';

export interface RegistrarOptions {
  readonly store: BindingStore;
  readonly digest: DigestServer;
  readonly clock: WallClock;
  /** Measures how often refusals are logged. */
  readonly timers: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Called for where a phone registered from: it is no stranger. */
  readonly onRegistered?: (source: Hop) => void;
  /** In seconds; 60 to 3600 where nothing is said. */
  readonly expiry?: ExpiryBounds;
}

type HeaderValues = readonly (readonly [name: string, value: string])[];

interface Refused extends Pick<Refusal, 'status' | 'reason'> {
  readonly headers?: HeaderValues;
  /** Where credentials named one; else the one that the request names. */
  readonly account?: string | undefined;
}

const DEFAULT_EXPIRY: ExpiryBounds = { min: 60, max: 3600 };

/** Takes REGISTER (RFC 3261 section 10.3) and knows where accounts are reached. */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #expiry: ExpiryBounds;
  readonly #refusals: RefusalLog;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#expiry = options.expiry ?? DEFAULT_EXPIRY;
    this.#refusals = new RefusalLog({ log: options.log, clock: options.timers });
  }

  /** The handler for `userAgent.handle('REGISTER', registrar.handle)`. */
  readonly handle = (transaction: ServerTransaction): void => {
    const claim = this.#options.digest.read(transaction.request);
    if (claim.kind === 'refused') {
      // Whoever may send these may send many: nothing is kept of them.
      this.#note(transaction, claim);
      transaction.answerOnce(claim.status, claim.headers);
      return;
    }
    this.#take(transaction, claim).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'A REGISTER could not be handled');
      this.#respond(transaction, 500);
    });
  };

  /** Live bindings of an account: highest q first, then the latest. */
  async locate(account: string): Promise<readonly Binding[]> {
    const now = this.#options.clock.now();
    const live = (await this.#options.store.find(account)).filter(({ expiresAt }) => expiresAt > now);
    return live.sort((a, b) => b.q - a.q || b.registeredAt - a.registeredAt);
  }

  async #take(transaction: ServerTransaction, claim: DigestClaim): Promise<void> {
    const { request } = transaction;
    const verdict = await this.#options.digest.prove(request, claim);
    if (verdict.kind === 'refused') {
      this.#refuse(transaction, verdict);
    } else if (verdict.account !== accountOf(request)) {
      this.#refuse(transaction, { status: 403, reason: 'another-account' });
    } else {
      await this.#register(transaction, verdict.account);
    }
  }

  async #register(transaction: ServerTransaction, account: string): Promise<void> {
    const { request, arrival } = transaction;
    const { store, clock } = this.#options;
    const by = { account, request, source: arrival.source, now: clock.now() };
    let bindings: readonly Binding[] = [];
    try {
      const wish = readWish(request, this.#expiry);
      await store.update(account, (current) => (bindings = changeBindings(current, wish, by)));
    } catch (error) {
      if (error instanceof RegistrationError) this.#refuse(transaction, { ...refusalOf(error), account });
      else if (error instanceof SipParseError)
        this.#refuse(transaction, { status: 400, reason: 'bad-request', account });
      else throw error;
      return;
    }
    this.#options.onRegistered?.(arrival.source);
    this.#respond(transaction, 200, listing(request, bindings, by.now));
  }

  #refuse(transaction: ServerTransaction, refused: Refused): void {
    this.#note(transaction, refused);
    this.#respond(transaction, refused.status, refused.headers);
  }

  #note(transaction: ServerTransaction, { status, reason, account = claimedBy(transaction.request) }: Refused): void {
    this.#refusals.add({ source: transaction.arrival.source.address, account, status, reason });
  }

  #respond(transaction: ServerTransaction, status: number, headers?: HeaderValues): void {
    const toTag = this.#options.ids.random(64);
    transaction.respond(createResponse(transaction.request, status, { toTag, headers }));
  }
}

const refusalOf = ({ status, headers }: RegistrationError): Refused => {
  if (status === 423) return { status, headers, reason: 'interval-too-brief' };
  return { status, headers, reason: status === 500 ? 'out-of-order' : 'bad-request' };
};

/** The account that a request names, proven or not. */
const claimedBy = (request: SipRequest): string | undefined => {
  try {
    return accountOf(request);
  } catch (error) {
    if (error instanceof SipParseError) return undefined;
    throw error;
  }
};

/** The user part of the address of record; undefined where it cannot be an account of ours. */
const accountOf = (request: SipRequest): string | undefined => {
  const uri = parseUri(request.to.uri);
  if (uri.scheme === 'tel' || uri.user === undefined) return undefined;
  try {
    return decodeURIComponent(uri.user);
  } catch {
    return undefined; // escapes that are no UTF-8
  }
};

/** What the 200 says: every binding with the seconds it has left, and the Path back to who understands it (RFC 3327). */
const listing = (request: SipRequest, bindings: readonly Binding[], now: number): HeaderValues => {
  const contacts = bindings.map(({ contact, expiresAt, q }) => {
    const expires = Math.ceil((expiresAt - now) / 1000);
    return ['contact', `<${contact}>;expires=${expires}${q === 1 ? '' : `;q=${q}`}`] as const;
  });
  const knowsPath = /(^|[\s,])path([\s,]|$)/i.test(request.headers.all('supported').join(','));
  const paths = knowsPath ? request.headers.all('path').map((path) => ['path', path] as const) : [];
  return [...contacts, ...paths, ['date', new Date(now).toUTCString()]];
};
