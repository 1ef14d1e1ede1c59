import type { Clock } from '../../shared/clock.ts';
import type { Client, ClientStore } from '../model/account-stores.ts';
import { type Actor, auditedActor, type AuditLog } from '../model/audit-log.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';

import { ConcurrencyLimit } from '../limits/concurrency-limit.ts';
import type { DeviceGrantStore } from '../model/grant-stores.ts';
import { OAuthError, UnknownUserCodeError } from '../model/errors.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import { formatScopes, mayGrant, type Scope } from '../model/permissions.ts';
import { RequestRateLimit } from '../limits/request-rate-limit.ts';

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

/**
 * The person's part of the device flow (RFC 8628 section 3.3). An unknown, an expired and an answered code look the same,
 * and who sends too many of them has to wait. The answer is not remembered: the next device asks again.
 */
export interface DeviceConsent {
  /**
   * @throws UnknownUserCodeError where no device waits under the code
   * @throws TooManyRequestsError after too many wrong codes
   * @throws OAuthError `invalid_scope` where this person can grant nothing of it; another may
   */
  ask(entry: CodeEntry): Promise<DeviceQuestion>;
  /**
   * Writes the answer, once.
   * @throws UnknownUserCodeError where no device waits under the code
   * @throws TooManyRequestsError after too many wrong codes
   * @throws OAuthError `invalid_scope` where the person allows it, and can grant nothing of it
   */
  answer(entry: CodeEntry, verdict: 'approved' | 'refused'): Promise<DeviceQuestion>;
}

/** Bounds how often a person, and an address, may be wrong. */
class GuessLimit {
  readonly #users = new RequestRateLimit({ most: WRONG_CODES_OF_USER, windowSeconds: WINDOW_SECONDS });
  readonly #addresses = new RequestRateLimit({ most: WRONG_CODES_FROM_ADDRESS, windowSeconds: WINDOW_SECONDS });
  // One at a time: guesses that are sent together would all pass the limit before the first is counted.
  readonly #guesses = new ConcurrencyLimit({ atOnce: 1, mostWaiting: MOST_WAITING });

  /** Gets something that a code opens; undefined is a wrong guess. */
  attempt<Found>({ user, address }: Actor, open: () => Promise<Found | undefined>): Promise<Found> {
    return this.#guesses.run(user.id, async () => {
      const network = networkOfAddress(address ?? '');
      await this.#users.check(user.id);
      await this.#addresses.check(network);
      const found = await open();
      if (found !== undefined) return found;
      await this.#users.count(user.id);
      await this.#addresses.count(network);
      throw new UnknownUserCodeError();
    });
  }
}

const grantable = (question: DeviceQuestion, { user }: Actor): DeviceQuestion => {
  const scopes = question.scopes.filter((scope) => mayGrant(scope, user.role));
  if (scopes.length > 0) return { ...question, scopes };
  throw new OAuthError('invalid_scope', 'You cannot allow what this application asks for.');
};

export const createDeviceConsent = (deps: {
  readonly devices: DeviceGrantStore;
  readonly clients: ClientStore;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
}): DeviceConsent => {
  const guesses = new GuessLimit();

  const find = async ({ userCode, route }: CodeEntry): Promise<DeviceQuestion | undefined> => {
    const grant = await deps.devices.findPending(hashUserCode(userCode), deps.clock.now());
    if (grant === undefined) return undefined;
    const client = await deps.clients.find(grant.clientId);
    if (client === undefined || !deps.admission.admits(client, route)) return undefined;
    return { userCode: canonicalUserCode(userCode), client, scopes: grant.scopes };
  };

  return {
    ask: async (entry) => grantable(await guesses.attempt(entry.person, () => find(entry)), entry.person),

    answer: (entry, verdict) =>
      guesses.attempt(entry.person, async () => {
        const { userCode, person } = entry;
        const found = await find(entry);
        if (found === undefined) return undefined;
        const question = verdict === 'approved' ? grantable(found, person) : found;
        const answer = { userId: person.user.id, verdict, now: deps.clock.now() };
        if ((await deps.devices.answer(hashUserCode(userCode), answer)) === 'gone') return undefined;
        const detail = formatScopes(question.scopes);
        const about = { ...auditedActor(person), clientId: question.client.id, detail };
        deps.auditLog.record(verdict === 'approved' ? 'grant.given' : 'grant.refused', about);
        return question;
      }),
  };
};
