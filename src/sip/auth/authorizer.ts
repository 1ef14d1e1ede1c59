import type { IdSource } from '../../shared/ids.ts';
import { SipRequest, type SipResponse } from '../message/message.ts';
import type { DigestCredentials } from './credentials.ts';
import { answerChallenge } from './digest-answer.ts';
import {
  type DigestChallenge,
  formatDigestAuthorization,
  parseDigestAuthorization,
  parseDigestChallenges,
} from './digest-fields.ts';

type HeaderValues = readonly (readonly [name: string, value: string])[];

/** What answers a challenge: which field holds it, and which one takes the credentials (RFC 3261 section 22). */
const FIELDS = {
  401: { challenge: 'www-authenticate', answer: 'authorization' },
  407: { challenge: 'proxy-authenticate', answer: 'proxy-authorization' },
} as const;

const NO_CREDENTIALS: HeaderValues = [];

/** Answers the challenges to our requests, each realm once; again only where the nonce was stale. */
export class Authorizer {
  readonly #credentials: DigestCredentials;
  readonly #ids: IdSource;
  #nonce = '';
  #nonceCount = 0;

  constructor(credentials: DigestCredentials, ids: IdSource) {
    this.#credentials = credentials;
    this.#ids = ids;
  }

  /**
   * @param nextCSeq is asked only where there is a retry (RFC 3261 section 8.1.3.5)
   * @returns the request to send next, without Via; undefined where the response is final
   */
  retry(refused: SipRequest, response: SipResponse, nextCSeq: () => number): SipRequest | undefined {
    const fields = response.status === 401 || response.status === 407 ? FIELDS[response.status] : undefined;
    if (fields === undefined) return undefined;
    const given = refused.headers.all(fields.answer);
    const challenge = this.#choose(parseDigestChallenges(response.headers.all(fields.challenge)), given);
    const answer = challenge && this.#answer(challenge, refused);
    if (answer === undefined) return undefined;
    const headers = refused.headers.clone().remove('via').remove(fields.answer);
    headers.set('cseq', `${nextCSeq()} ${refused.method}`);
    for (const value of given) {
      if (realmOf(value) !== challenge?.realm) headers.append(fields.answer, value);
    }
    headers.append(fields.answer, answer);
    return new SipRequest(refused.method, refused.uri, headers, refused.body);
  }

  /** The first challenge of a realm that we have credentials for and have not shown them to in vain. */
  #choose(challenges: readonly DigestChallenge[], given: readonly string[]): DigestChallenge | undefined {
    const tried = given.map(realmOf);
    const { realm: ours } = this.#credentials;
    return challenges.find(({ realm, stale }) => (ours ?? realm) === realm && (stale || !tried.includes(realm)));
  }

  #answer(challenge: DigestChallenge, { method, uri }: SipRequest): string | undefined {
    this.#nonceCount = challenge.nonce === this.#nonce ? this.#nonceCount + 1 : 1;
    this.#nonce = challenge.nonce;
    const cnonce = this.#ids.random(96);
    const answer = answerChallenge(challenge, {
      credentials: this.#credentials,
      method,
      uri,
      cnonce,
      nonceCount: this.#nonceCount,
    });
    return answer && formatDigestAuthorization(answer);
  }
}

/** The credentials that a request carries: its ACK repeats them (RFC 3261 section 22.1). */
export const credentialsOf = ({ headers }: SipRequest): HeaderValues =>
  headers.has(FIELDS[401].answer) || headers.has(FIELDS[407].answer)
    ? Object.values(FIELDS).flatMap(({ answer }) => headers.all(answer).map((value) => [answer, value] as const))
    : NO_CREDENTIALS;

const realmOf = (authorization: string): string | undefined => parseDigestAuthorization(authorization)?.realm;
