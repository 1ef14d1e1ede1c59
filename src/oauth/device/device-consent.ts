import type { Clock, MonotonicClock } from '../../shared/clock.ts';
import { ConcurrencyLimit } from '../limits/concurrency-limit.ts';
import { RequestRateLimit } from '../limits/request-rate-limit.ts';
import type { Client, ClientStore } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import { type Actor, auditedActor, type AuditLog } from '../model/audit-log.ts';
import { OAuthError, UnknownUserCodeError } from '../model/errors.ts';
import type { DeviceGrantStore } from '../model/grant-stores.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import { formatScopes, mayGrant, type Scope } from '../model/permissions.ts';
import { canonicalUserCode, hashUserCode } from './user-code.ts';

/** RFC 8628 section 5.1. Behind one address there may be a whole office. */
const WINDOW_SECONDS = 15 * 60;
const WRONG_CODES_OF_USER = 10;
const WRONG_CODES_FROM_ADDRESS = 50;
const MOST_WAITING = 100;

/** A code that a person reads off a device, and types. */
export interface CodeEntry {
  readonly userCode: string;
  readonly person: Actor;
  readonly route: RequestRoute;
}

/** Which application asks for what. */
export interface DeviceQuestion {
  /** As the device shows it. */
  readonly userCode: string;
  readonly client: Client;
  /** What this person can grant of it: scopes that belong to a role which the person has not are left out. */
  readonly scopes: readonly Scope[];
}

/** Bounds how often a person, and an address, may be wrong. */
class GuessLimit {
  readonly #users: RequestRateLimit;
  readonly #addresses: RequestRateLimit;
  // One at a time: guesses that are sent together would all pass the limit before the first is counted.
  readonly #guesses = new ConcurrencyLimit({ atOnce: 1, mostWaiting: MOST_WAITING });

  constructor(clock: MonotonicClock) {
    this.#users = new RequestRateLimit({ most: WRONG_CODES_OF_USER, windowSeconds: WINDOW_SECONDS }, clock);
    this.#addresses = new RequestRateLimit({ most: WRONG_CODES_FROM_ADDRESS, windowSeconds: WINDOW_SECONDS }, clock);
  }

  /** Gets something that a code opens; undefined is a wrong guess. */
  attempt<Found>({ user, address }: Actor, open: () => Promise<Found | undefined>): Promise<Found> {
    return this.#guesses.run(user.id, async () => {
      const network = networkOfAddress(address ?? '');
      this.#users.check(user.id);
      this.#addresses.check(network);
      const found = await open();
      if (found !== undefined) return found;
      this.#users.count(user.id);
      this.#addresses.count(network);
      throw new UnknownUserCodeError();
    });
  }
}

const grantable = (question: DeviceQuestion, { user }: Actor): DeviceQuestion => {
  const scopes = question.scopes.filter((scope) => mayGrant(scope, user.role));
  if (scopes.length > 0) return { ...question, scopes };
  throw new OAuthError('invalid_scope', 'You cannot allow what this application asks for.');
};

export interface DeviceConsentDeps {
  readonly devices: DeviceGrantStore;
  readonly clients: ClientStore;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
}

/**
 * The person's part of the device flow (RFC 8628 section 3.3). An unknown, an expired and an answered code look the same,
 * and a person who sends too many of them has to wait. The answer is not remembered: the next device asks again.
 */
export class DeviceConsent {
  readonly #deps: DeviceConsentDeps;
  readonly #guesses: GuessLimit;

  constructor(deps: DeviceConsentDeps) {
    this.#deps = deps;
    this.#guesses = new GuessLimit(deps.clock);
  }

  /**
   * @throws UnknownUserCodeError where no device waits under the code
   * @throws TooManyRequestsError after too many wrong codes
   * @throws OAuthError `invalid_scope` where this person can grant nothing of it; another may
   */
  async ask(entry: CodeEntry): Promise<DeviceQuestion> {
    return grantable(await this.#guesses.attempt(entry.person, () => this.#find(entry)), entry.person);
  }

  /**
   * Writes the answer, once.
   * @throws UnknownUserCodeError where no device waits under the code
   * @throws TooManyRequestsError after too many wrong codes
   * @throws OAuthError `invalid_scope` where the person allows it, and can grant nothing of it
   */
  answer(entry: CodeEntry, verdict: 'approved' | 'refused'): Promise<DeviceQuestion> {
    const { devices, auditLog, clock } = this.#deps;
    const { userCode, person } = entry;
    return this.#guesses.attempt(person, async () => {
      const found = await this.#find(entry);
      if (found === undefined) return undefined;
      const question = verdict === 'approved' ? grantable(found, person) : found;
      const answer = { userId: person.user.id, verdict, now: clock.now() };
      if ((await devices.answer(hashUserCode(userCode), answer)) === 'gone') return undefined;
      const detail = formatScopes(question.scopes);
      const about = { ...auditedActor(person), clientId: question.client.id, detail };
      auditLog.record(verdict === 'approved' ? 'grant.given' : 'grant.refused', about);
      return question;
    });
  }

  async #find({ userCode, route }: CodeEntry): Promise<DeviceQuestion | undefined> {
    const { devices, clients, admission, clock } = this.#deps;
    const grant = await devices.findPending(hashUserCode(userCode), clock.now());
    if (grant === undefined) return undefined;
    const client = await clients.find(grant.clientId);
    if (client === undefined || !admission.admits(client, route)) return undefined;
    return { userCode: canonicalUserCode(userCode), client, scopes: grant.scopes };
  }
}
