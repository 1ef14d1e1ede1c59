import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SigningKeys } from '../../../src/oauth/keys/signing-keys.ts';
import type { AuditEventName } from '../../../src/oauth/model/audit-log.ts';
import { KyselySigningKeyStore } from '../../../src/storage/oauth/kysely-signing-key-store.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const DAY = 24 * 3600 * 1000;

let stores: TestStores;
let recorded: [AuditEventName, string | null | undefined][];
beforeEach(async () => {
  stores = await createTestStores();
  recorded = [];
});
afterEach(() => stores.close());

/** The keys as one process has them. */
const createKeys = (changes: { signingKeys?: KyselySigningKeyStore } = {}): SigningKeys => {
  const auditLog = {
    record: (event: AuditEventName, { detail }: { detail?: string | null }) => recorded.push([event, detail]),
  };
  return new SigningKeys({
    signingKeys: stores.signingKeys,
    clock: stores.clock,
    auditLog,
    ...changes,
  });
};

const idsOf = async (keys: SigningKeys): Promise<unknown[]> => (await keys.published()).keys.map(({ kid }) => kid);

describe('signing keys', () => {
  it('are made when they are needed first, one for all who ask at once, and live in the store', async () => {
    const keys = createKeys();
    expect(await stores.signingKeys.list()).toEqual([]);
    const answers = await Promise.all([keys.current(), keys.current(), keys.published()]);
    const [{ id }] = answers;
    expect(answers[1].id).toBe(id);
    expect(await stores.signingKeys.list()).toMatchObject([{ id, createdAt: stores.clock.now() }]);
    expect(recorded).toEqual([['signing_key.created', id]]);
    expect((await createKeys().current()).id).toBe(id);
  });

  it('publish nothing private', async () => {
    const { keys } = await createKeys().published();
    expect(keys).toEqual([
      { kty: 'RSA', kid: expect.any(String), alg: 'RS256', use: 'sig', n: expect.any(String), e: 'AQAB' },
    ]);
    expect(Buffer.from(keys[0]!.n!, 'base64url')).toHaveLength(256);
  });

  it('are followed every 30 days by one that is published a day before it signs', async () => {
    const keys = createKeys();
    const first = (await keys.current()).id;
    stores.clock.advance(30 * DAY - 1);
    expect(await idsOf(keys)).toEqual([first]);
    stores.clock.advance(1);
    const [second, ...older] = await idsOf(keys);
    expect([second === first, older]).toEqual([false, [first]]);
    stores.clock.advance(DAY - 1);
    expect((await keys.current()).id).toBe(first);
    stores.clock.advance(1);
    expect((await keys.current()).id).toBe(second);
    expect(await keys.find(first)).toBeDefined();
  });

  it('verify for 200 days after their successor began to sign, and are deleted then', async () => {
    const keys = createKeys();
    const first = (await keys.current()).id;
    stores.clock.advance(30 * DAY);
    await keys.current();
    stores.clock.advance(200 * DAY);
    await keys.current();
    expect(await keys.find(first)).toBeDefined();
    stores.clock.advance(31 * DAY);
    await keys.current();
    expect(await keys.find(first)).toBeUndefined();
    expect(await stores.signingKeys.list()).toHaveLength(3);
  });

  it('of another process are found at once by name, and published within a minute', async () => {
    const [here, there] = [createKeys(), createKeys()];
    await here.current();
    stores.clock.advance(30 * DAY);
    expect(await idsOf(here)).toHaveLength(2);
    const other = (await there.published()).keys[0]!.kid!;
    expect(await here.find(other)).toBeDefined();
    stores.clock.advance(30 * DAY);
    const newest = (await idsOf(there))[0] as string;
    expect(await here.find(newest)).toBeDefined();
    expect(await idsOf(here)).toEqual(await idsOf(there));
    expect(await here.find('unknown')).toBeUndefined();
  });

  it('that two processes make at once all verify, and one of them signs', async () => {
    const [here, there] = [createKeys(), createKeys()];
    await Promise.all([here.current(), there.current()]);
    stores.clock.advance(60_000);
    expect((await here.current()).id).toBe((await there.current()).id);
    for (const { id } of await stores.signingKeys.list()) {
      expect([await here.find(id), await there.find(id)]).not.toContain(undefined);
    }
  });

  it('that do not open fail whoever needs one, and are neither replaced nor deleted', async () => {
    const { id } = await createKeys().current();
    const signingKeys = new KyselySigningKeyStore(stores.database, Buffer.alloc(32, 1));
    const keys = createKeys({ signingKeys });
    for (const use of [() => keys.current(), () => keys.published(), () => keys.find(id)]) {
      await expect(use()).rejects.toMatchObject({ code: 'seal_broken' });
    }
    expect(await stores.signingKeys.list()).toMatchObject([{ id }]);
    expect(recorded).toHaveLength(1);
  });

  it('are not replaced because the store fails', async () => {
    await createKeys().current();
    const failing = { ...stores.signingKeys, list: () => Promise.reject(new Error('the disk is on fire')) };
    await expect(createKeys({ signingKeys: failing as never }).current()).rejects.toThrow('on fire');
    expect(await stores.signingKeys.list()).toHaveLength(1);
  });
});
