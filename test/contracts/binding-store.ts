import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Binding, BindingStore } from '../../src/sip/registrar/binding-store.ts';
import { HOUR, NOON } from './records.ts';

export interface BindingStoreUnderTest {
  readonly bindings: BindingStore;
  close(): Promise<void>;
}

const aBinding = (account: string, contact: string, changes: Partial<Binding> = {}): Binding => ({
  account,
  contact,
  flow: { protocol: 'udp', address: '127.0.0.1', port: 5070 },
  path: [],
  q: 1,
  registeredAt: NOON,
  expiresAt: NOON + HOUR,
  callId: `call of ${contact}`,
  cseq: 1,
  userAgent: undefined,
  ...changes,
});

/** What every driver of `BindingStore` does. */
export const describeBindingStore = (driver: string, open: () => Promise<BindingStoreUnderTest>): void => {
  describe(`${driver}: bindings`, () => {
    let store: BindingStoreUnderTest;
    let bindings: BindingStore;

    beforeEach(async () => {
      store = await open();
      bindings = store.bindings;
    });
    afterEach(() => store.close());

    it('gives the bindings of an account back as they were put, in their order, expired ones too', async () => {
      const first = aBinding('alice', 'sip:alice@127.0.0.1:5070;transport=tcp', {
        flow: {
          protocol: 'tcp',
          address: '::1',
          port: 40_000,
          reconnectPort: 5070,
          local: { protocol: 'tcp', host: '[::1]', port: 5060 },
        },
        path: ['<sip:proxy.example;lr>', '<sip:edge.example;lr>'],
        q: 0.7,
        cseq: 4_294_967_295,
        userAgent: 'a phone/1.0',
      });
      const second = aBinding('alice', 'sip:alice@127.0.0.1:5071', { registeredAt: 1, expiresAt: 2 });
      await bindings.update('alice', () => [first, second]);
      await bindings.update('bob', () => [aBinding('bob', 'sip:bob@127.0.0.1')]);
      expect(await bindings.find('alice')).toEqual([first, second]);
      expect(await bindings.find('Alice')).toEqual([]);
      await bindings.update('alice', (current) => [...current].reverse());
      expect(await bindings.find('alice')).toEqual([second, first]);
      await bindings.update('alice', () => []);
      expect(await bindings.find('alice')).toEqual([]);
      expect(await bindings.find('bob')).toHaveLength(1);
    });

    it('tells where all phones are that are still registered', async () => {
      const flow = { protocol: 'tcp', address: '::1', port: 40_000, reconnectPort: 5070 } as const;
      await bindings.update('alice', () => [
        aBinding('alice', 'sip:alice@127.0.0.1:5070', { flow }),
        aBinding('alice', 'sip:alice@127.0.0.1:5071', { expiresAt: NOON }),
      ]);
      await bindings.update('bob', () => [aBinding('bob', 'sip:bob@127.0.0.1')]);
      const flows = await bindings.flows(NOON);
      expect(flows).toHaveLength(2);
      expect(flows).toEqual(expect.arrayContaining([flow, aBinding('bob', '').flow]));
    });

    it('loses none of 50 simultaneous updates of one account', async () => {
      const add = (index: number) => (current: readonly Binding[]) => [...current, aBinding('alice', `sip:${index}`)];
      await Promise.all(Array.from({ length: 50 }, (_, index) => bindings.update('alice', add(index))));
      expect((await bindings.find('alice')).map(({ contact }) => contact)).toEqual(
        Array.from({ length: 50 }, (_, index) => `sip:${index}`),
      );
    });

    it('changes nothing where the change throws, and rejects with what it threw', async () => {
      await bindings.update('alice', () => [aBinding('alice', 'sip:1')]);
      const refusal = new Error('a later REGISTER came first');
      const update = bindings.update('alice', () => {
        throw refusal;
      });
      await expect(update).rejects.toBe(refusal);
      expect(await bindings.find('alice')).toEqual([aBinding('alice', 'sip:1')]);
    });
  });
};
