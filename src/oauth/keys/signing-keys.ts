import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { Clock } from '../../shared/clock.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { SigningKey, SigningKeyStore } from '../model/token-stores.ts';

/** RFC 9068 section 2.1: every resource that checks access tokens knows this one. */
export const SIGNING_ALGORITHM = 'RS256';

const MODULUS_BITS = 2048;
const DAY_MS = 24 * 3600 * 1000;
const ROTATE_EVERY_MS = 30 * DAY_MS;
/** A key is published so long before it signs: by then every copy of the key set has it. */
const PUBLISH_BEFORE_MS = DAY_MS;
/** So long after its last signature a key still verifies: longer than a grant, and so any token, lives. */
const VERIFY_AFTER_MS = 200 * DAY_MS;
/** For so long a key that another process made may go unseen; one that is asked for by name is seen at once. */
const LOOK_AGAIN_MS = 60_000;

/** RFC 7517 section 5. */
export interface KeySet {
  readonly keys: readonly JWK[];
}

interface UsableKey {
  readonly id: string;
  readonly createdAt: number;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly published: JWK;
}

export interface SigningKeysDeps {
  readonly signingKeys: SigningKeyStore;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly clock: Clock;
}

const asKey = async (jwk: JWK): Promise<CryptoKey> => {
  const key = await importJWK(jwk, SIGNING_ALGORITHM);
  if (key instanceof Uint8Array) throw new TypeError('A signing key is symmetric.');
  return key;
};

const usable = async ({ id, privateJwk, createdAt }: SigningKey): Promise<UsableKey> => {
  const jwk = JSON.parse(privateJwk) as JWK & { readonly kty: 'RSA'; readonly n: string; readonly e: string };
  const published = { kty: jwk.kty, kid: id, alg: SIGNING_ALGORITHM, use: 'sig', n: jwk.n, e: jwk.e };
  return { id, createdAt, published, privateKey: await asKey(jwk), publicKey: await asKey(published) };
};

/**
 * The keys that sign our JWT. The first is made when it is needed; later ones follow in turn, published before they sign
 * and kept as long as a token of theirs may come. Several processes may use one store, and make keys at the same time.
 */
export class SigningKeys {
  readonly #deps: SigningKeysDeps;
  /** The newest first. */
  #known: readonly UsableKey[] = [];
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;

  constructor(deps: SigningKeysDeps) {
    this.#deps = deps;
  }

  /** The key that signs now: the newest that was published long enough; of new keys alone, the first. */
  async current(): Promise<Pick<UsableKey, 'id' | 'privateKey'>> {
    await this.#renewWhenDue();
    const publishedBy = this.#deps.clock.now() - PUBLISH_BEFORE_MS;
    const key = this.#known.find(({ createdAt }) => createdAt <= publishedBy) ?? this.#known.at(-1);
    if (key === undefined) throw new Error('A signing key was made, and is not there.');
    return key;
  }

  /** @returns the public key of that `kid`; undefined where it is none of ours */
  async find(id: string): Promise<CryptoKey | undefined> {
    await this.#readWhenOld();
    const find = (): UsableKey | undefined => this.#known.find((key) => key.id === id);
    if (find() === undefined) await this.#read();
    return find()?.publicKey;
  }

  /** What others verify our tokens with. Never empty: a copy of an empty set would refuse the first tokens. */
  async published(): Promise<KeySet> {
    await this.#renewWhenDue();
    return { keys: this.#known.map(({ published }) => published) };
  }

  async #renewWhenDue(): Promise<void> {
    await this.#readWhenOld();
    if (!this.#isDue()) return;
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  #isDue(): boolean {
    const [newest] = this.#known;
    return newest === undefined || newest.createdAt + ROTATE_EVERY_MS <= this.#deps.clock.now();
  }

  async #renew(): Promise<void> {
    await this.#read();
    // Another process may have been faster.
    if (!this.#isDue()) return;
    await this.#make();
    await this.#forgetOld();
    await this.#read();
  }

  async #make(): Promise<void> {
    const { signingKeys, auditLog, clock } = this.#deps;
    const pair = await generateKeyPair(SIGNING_ALGORITHM, { modulusLength: MODULUS_BITS, extractable: true });
    const jwk = await exportJWK(pair.privateKey);
    const id = await calculateJwkThumbprint(jwk);
    await signingKeys.insert({ id, privateJwk: JSON.stringify(jwk), createdAt: clock.now() });
    auditLog.record('signing_key.created', { detail: id });
  }

  /** A key's last signature is when its successor begins to sign. */
  async #forgetOld(): Promise<void> {
    const beganToSignBy = this.#deps.clock.now() - VERIFY_AFTER_MS;
    const successor = this.#known.find(({ createdAt }) => createdAt + PUBLISH_BEFORE_MS <= beganToSignBy);
    if (successor !== undefined) await this.#deps.signingKeys.deleteBefore(successor.createdAt);
  }

  async #readWhenOld(): Promise<void> {
    if (this.#deps.clock.elapsed() - this.#readAt >= LOOK_AGAIN_MS) await this.#read();
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readStore().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readStore(): Promise<void> {
    const readAt = this.#deps.clock.elapsed();
    const stored = await this.#deps.signingKeys.list();
    const known = new Map(this.#known.map((key) => [key.id, key]));
    this.#known = await Promise.all(stored.map(async (key) => known.get(key.id) ?? (await usable(key))));
    this.#readAt = readAt;
  }
}
