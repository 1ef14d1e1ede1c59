import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describedClient } from '../../../src/oauth/clients/client-description.ts';
import { DeviceAuthorization } from '../../../src/oauth/device/device-authorization.ts';
import { canonicalUserCode, hashUserCode, newUserCode } from '../../../src/oauth/device/user-code.ts';
import { DEVICE_CODE_GRANT } from '../../../src/oauth/model/account-stores.ts';
import { hashSecret } from '../../../src/oauth/model/secrets.ts';
import { Parameters } from '../../../src/oauth/request/parameters.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const system = createSystemIds();
const base64url = (bytes: readonly number[]): string => Buffer.from(bytes).toString('base64url');

describe('a user code', () => {
  it('has eight of twenty letters that cannot be mistaken, each as likely as the others (83)', () => {
    const codes = Array.from({ length: 2000 }, () => newUserCode(system));
    expect(codes.filter((code) => !/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/.test(code))).toEqual([]);
    const counts = new Map<string, number>();
    for (const letter of codes.join('').replaceAll('-', '')) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect(counts.size).toBe(20);
    expect(Math.min(...counts.values())).toBeGreaterThan(600); // 800 are expected: 7 standard deviations
  });

  it('draws again for bytes that would make some letters likelier', () => {
    const draws = [base64url([255, 254, 240, 0, 20, 21]), base64url([250, 239, 1, 2, 3, 4, 5])];
    expect(newUserCode({ random: () => draws.shift()! })).toBe('BBCZ-CDFG');
  });

  it.each(['WDJB-MJHT', 'wdjbmjht', ' wdjb mjht ', 'W-D-J-B–M J\u00a0H\tT'])(
    'is compared as it was meant: %j',
    (typed) => {
      expect(canonicalUserCode(typed)).toBe('WDJB-MJHT');
      expect(hashUserCode(typed)).toBe(hashSecret('WDJB-MJHT'));
    },
  );

  it.each(['WDJB-MJH', 'WDJB-MJHTT', 'WDJB-MJHX', 'WDJB.MJHT', ''])('is another one: %j', (typed) => {
    expect(hashUserCode(typed)).not.toBe(hashUserCode('WDJB-MJHT'));
  });
});

describe('a device', () => {
  let stores: TestStores;
  beforeEach(async () => {
    stores = await createTestStores();
  });
  afterEach(() => stores.close());

  it('gets another user code where another device waits with the one that was drawn (83)', async () => {
    const description = { id: 'phone', name: 'Phone', type: 'public', redirectUris: [], responseTypes: [] } as const;
    const client = describedClient(
      { ...description, grantTypes: [DEVICE_CODE_GRANT] },
      { secretHash: null, createdAt: 0 },
    );
    await stores.clients.insert(client);
    const [first, second] = [base64url(Array<number>(16).fill(0)), base64url(Array<number>(16).fill(1))];
    const userCodes = [first, first, second];
    const bitsOfUserCode = 128;
    const ids = {
      random: (bits: number): string => (bits === bitsOfUserCode ? userCodes.shift()! : system.random(bits)),
    };
    const devices = new DeviceAuthorization({
      ...{ devices: stores.devices, clock: stores.clock, publicUrl: 'https://calls.example', ids },
      clientAuthenticator: { authenticate: () => Promise.resolve(client) },
    });
    const begin = () =>
      devices.begin({ authorization: undefined, parameters: Parameters.parse(''), route: 'direct', address: '' });
    expect((await begin()).user_code).toBe('BBBB-BBBB');
    const other = await begin();
    expect(other.user_code).toBe('CCCC-CCCC');
    expect(other.verification_uri_complete).toBe('https://calls.example/device?user_code=CCCC-CCCC');
    expect(userCodes).toEqual([]);
    const waiting = await stores.devices.findPending(hashUserCode('cccc cccc'), stores.clock.now());
    expect(waiting?.deviceCodeHash).toBe(hashSecret(other.device_code));
  });
});
