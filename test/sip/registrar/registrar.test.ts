import { describe, expect, it } from '@jest/globals';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { ha1 } from '../../../src/sip/auth/digest.ts';
import { DigestServer } from '../../../src/sip/auth/digest-server.ts';
import type { SipResponse } from '../../../src/sip/message/message.ts';
import type { Binding } from '../../../src/sip/registrar/binding-store.ts';
import { flowTo } from '../../../src/sip/registrar/change-bindings.ts';
import { Registrar } from '../../../src/sip/registrar/registrar.ts';
import { Registration } from '../../../src/sip/registrar/registration.ts';
import type { Hop } from '../../../src/sip/transport/transport.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import type { Party } from '../session/party.ts';
import { Pair, RawPeer } from '../session/party.ts';
import { MemoryBindingStore } from './memory-binding-store.ts';

const REALM = 'offhook';
const PASSWORDS: Record<string, string> = { bob: 'secret', eve: 'other' };
const name = (uri: string) => ({ uri, params: new Map<string, string | undefined>() });

/** Alice is the registrar, bob and others register. */
const office = () => {
  const pair = new Pair();
  const { clock, alice } = pair;
  const ids = createSystemIds();
  const log = new RecordedLog();
  const credentials = {
    ha1: (account: string, realm: string, algorithm: 'MD5' | 'SHA-256') => {
      const password = PASSWORDS[account];
      return Promise.resolve(
        password === undefined ? undefined : ha1(algorithm, { username: account, realm, password }),
      );
    },
  };
  const digest = new DigestServer({ realm: REALM, credentials, key: Buffer.alloc(32, 7), clock, ids });
  const registered: Hop[] = [];
  const onRegistered = (source: Hop) => void registered.push(source);
  const store = new MemoryBindingStore();
  const registrar = new Registrar({ store, digest, clock, timers: clock, ids, log, onRegistered });
  alice.agent.handle('REGISTER', registrar.handle);
  let cseq = 0;
  const register = async (headers: [string, string][], options: Partial<Asked> = {}): Promise<SipResponse> => {
    cseq += 10;
    const { user = 'bob', as = user, password = PASSWORDS[user] ?? '', from = pair.bob, callId = 'c1' } = options;
    const asked = from.agent.request({
      method: 'REGISTER',
      target: 'sip:10.0.0.1',
      from: name(`sip:${as}@offhook`),
      to: name(`sip:${as}@offhook`),
      headers,
      credentials: { username: user, password },
      callId,
      cseq: options.cseq ?? cseq,
    });
    await clock.advanceAsync(20);
    return asked;
  };
  return { pair, clock, registrar, register, registered, credentials, log };
};

interface Asked {
  readonly user: string;
  readonly as: string;
  readonly password: string;
  readonly from: Party;
  readonly callId: string;
  readonly cseq: number;
}

const contactsOf = (bindings: readonly Binding[]): string[] => bindings.map(({ contact }) => contact);

describe('the registrar', () => {
  it('logs each refusal with its reason, and no registration that succeeds', async () => {
    const { register, log, pair } = office();
    const contact: [string, string] = ['contact', '<sip:bob@10.0.0.2>'];
    expect((await register([contact])).status).toBe(200);
    expect(log.lines).toEqual([]);
    const statuses = [
      await register([contact], { password: 'guess' }),
      await register([contact], { user: 'nobody', password: 'guess' }),
      await register([contact], { user: 'eve', as: 'bob', from: pair.alice }),
      await register([['contact', 'nonsense']], { user: 'eve' }),
      await register([['contact', '*']], { user: 'eve' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([401, 401, 403, 400, 400]);
    const texts = log.lines.map(
      ({ level, message, fields }) => `${level} ${message} ${Object.values(fields).join(' ')}`,
    );
    expect(texts).toEqual([
      'warn a REGISTER was refused 10.0.0.2 bob 401 wrong-password 1',
      'warn a REGISTER was refused 10.0.0.2 nobody 401 unknown-account 1',
      'warn a REGISTER was refused 10.0.0.1 bob 403 another-account 1',
      'warn a REGISTER was refused 10.0.0.2 eve 400 bad-request 1',
    ]);
  });

  it('keeps nothing of a REGISTER without credentials or with a nonce that it did not give', async () => {
    const { pair, clock } = office();
    const peer = new RawPeer(pair.network, '10.0.0.9');
    const lines = [
      'REGISTER sip:10.0.0.1 SIP/2.0',
      'Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK-r',
      'From: <sip:bob@offhook>;tag=raw',
      'To: <sip:bob@offhook>',
      'Call-ID: register-1',
      'CSeq: 1 REGISTER',
    ];
    const given = `Authorization: Digest username="bob", realm="${REALM}", nonce="made.up", uri="sip:10.0.0.1", response="0"`;
    for (const request of [lines, [...lines, given]]) peer.send(pair.alice.transport.hop(), request);
    await clock.advanceAsync(5);
    expect((peer.received as SipResponse[]).map(({ status }) => status)).toEqual([401, 401]);
    expect(pair.alice.layer.sizes.servers).toBe(0);
  });

  it('tells where phones register from, once they have proved who they are', async () => {
    const { register, registered } = office();
    const contact: [string, string] = ['contact', '<sip:bob@10.0.0.2>'];
    await register([contact], { password: 'wrong' });
    expect(registered).toEqual([]);
    await register([contact]);
    expect(registered).toEqual([expect.objectContaining({ address: '10.0.0.2' })]);
  });

  it('keeps a contact with its source, Path and User-Agent, and lists it with the seconds it has left', async () => {
    const { register, registrar, clock } = office();
    const response = await register([
      ['contact', '<sip:bob@10.0.0.2:5060>;expires=600;q=0.5'],
      ['path', '<sip:edge.test;lr>'],
      ['supported', 'path'],
      ['user-agent', 'Phone 1'],
    ]);
    expect(response.status).toBe(200);
    expect(response.headers.get('contact')).toBe('<sip:bob@10.0.0.2:5060>;expires=600;q=0.5');
    expect(response.headers.get('path')).toBe('<sip:edge.test;lr>');
    const [binding] = await registrar.locate('bob');
    expect(binding).toMatchObject({
      account: 'bob',
      contact: 'sip:bob@10.0.0.2:5060',
      flow: { protocol: 'udp', address: '10.0.0.2', port: 5060 },
      path: ['<sip:edge.test;lr>'],
      q: 0.5,
      userAgent: 'Phone 1',
    });
    await clock.advanceAsync(100_000);
    expect((await register([['contact', '<sip:bob@10.0.0.2:5060>;expires=600;q=0.5']])).status).toBe(200);
    const query = await register([['contact', '<sip:bob@10.0.0.3>']]);
    expect(query.headers.all('contact').map((value) => value.replace(/^.*expires=/, ''))).toEqual([
      '3600',
      '600;q=0.5',
    ]);
  });

  it('holds several contacts, highest q first, then the latest, at most ten', async () => {
    const { register, registrar, clock } = office();
    await register([['contact', '<sip:bob@10.0.0.2:1>;q=0.2, <sip:bob@10.0.0.2:2>;q=0.9']]);
    await clock.advanceAsync(1000);
    await register([['contact', '<sip:bob@10.0.0.2:3>;q=0.2']]);
    expect(contactsOf(await registrar.locate('bob')).map((uri) => uri.slice(-1))).toEqual(['2', '3', '1']);
    for (let port = 10; port < 20; port += 1) {
      await clock.advanceAsync(1000);
      await register([['contact', `<sip:bob@10.0.0.2:${port}>`]]);
    }
    expect(contactsOf(await registrar.locate('bob'))).toHaveLength(10);
    expect(contactsOf(await registrar.locate('bob'))).not.toContain('sip:bob@10.0.0.2:3');
  });

  it('forgets by Expires 0, by * and by time', async () => {
    const { register, registrar, clock } = office();
    await register([['contact', '<sip:bob@10.0.0.2:1>, <sip:bob@10.0.0.2:2>']]);
    await register([['contact', '<sip:BOB@10.0.0.2>;expires=0, <sip:bob@10.0.0.2:1;lr>;expires=0']]);
    expect(contactsOf(await registrar.locate('bob'))).toEqual(['sip:bob@10.0.0.2:2']);
    expect((await register([['contact', '*']])).status).toBe(400);
    const all = await register([
      ['contact', '*'],
      ['expires', '0'],
    ]);
    expect([all.status, all.headers.get('contact')]).toEqual([200, undefined]);
    expect(await registrar.locate('bob')).toEqual([]);
    await register([
      ['contact', '<sip:bob@10.0.0.2:1>'],
      ['expires', '99999'],
    ]);
    await clock.advanceAsync(3_600_000);
    expect(await registrar.locate('bob')).toEqual([]);
  });

  it('refuses what is too brief with 423 and Min-Expires, and a REGISTER that a later one of its client overtook', async () => {
    const { register, registrar } = office();
    const brief = await register([['contact', '<sip:bob@10.0.0.2>;expires=59']]);
    expect([brief.status, brief.headers.get('min-expires')]).toEqual([423, '60']);
    await register([['contact', '<sip:bob@10.0.0.2>']], { cseq: 500 });
    const late = await register([['contact', '<sip:bob@10.0.0.2>;expires=0, <sip:bob@10.0.0.4>']], { cseq: 400 });
    expect(late.status).toBe(500);
    expect(contactsOf(await registrar.locate('bob'))).toEqual(['sip:bob@10.0.0.2']);
    const restarted = await register([['contact', '<sip:bob@10.0.0.2>;expires=0']], { cseq: 1, callId: 'c2' });
    expect(restarted.status).toBe(200);
    expect(await registrar.locate('bob')).toEqual([]);
  });

  it('answers an unknown account and a wrong password alike, and another account of ours with 403', async () => {
    const { register, registrar } = office();
    const contact: [string, string][] = [['contact', '<sip:bob@10.0.0.2>']];
    const unknown = await register(contact, { user: 'nobody', password: 'x' });
    const wrong = await register(contact, { password: 'wrong' });
    const shape = (response: SipResponse) =>
      response.headers.all('www-authenticate').map((value) => value.replace(/nonce="[^"]*"/, ''));
    expect([unknown.status, wrong.status]).toEqual([401, 401]);
    expect(shape(unknown)).toEqual(shape(wrong));
    expect(shape(wrong).map((value) => /algorithm=(.*)$/.exec(value)?.[1])).toEqual(['MD5']);
    expect((await register(contact, { user: 'eve', as: 'bob' })).status).toBe(403);
    expect(await registrar.locate('bob')).toEqual([]);
  });
});

describe('the flow to a phone', () => {
  const udp = { protocol: 'udp', address: '192.0.2.7', port: 40_000 } as const;
  const tcp = { protocol: 'tcp', address: '192.0.2.7', port: 40_000 } as const;

  it('is its Contact, behind a NAT the source, over TCP the connection', () => {
    expect(flowTo('sip:bob@192.0.2.7:5070', udp)).toEqual({ ...udp, port: 5070 });
    expect(flowTo('sip:bob@192.168.1.4:5060', udp)).toEqual(udp);
    expect(flowTo('sip:bob@phone.invalid', udp)).toEqual(udp);
    expect(flowTo('sips:bob@192.0.2.7', udp)).toEqual(udp);
    expect(flowTo('sip:bob@192.0.2.7:5070;transport=tcp', tcp)).toEqual({ ...tcp, reconnectPort: 5070 });
  });
});

describe('a registration of ours', () => {
  const registering = (password = 'secret') => {
    const office_ = office();
    const { pair, clock } = office_;
    const registration = new Registration({
      userAgent: pair.bob.agent,
      registrar: 'sip:10.0.0.1',
      account: 'sip:bob@offhook',
      credentials: { username: 'bob', password },
      clock,
      ids: createSystemIds(),
      expiresInSeconds: 30,
    });
    const notified: string[] = [];
    registration.on('registered', (seconds) => notified.push(`${seconds}`));
    registration.on('failed', (status) => notified.push(`failed ${status}`));
    return { ...office_, registration, notified };
  };

  it('takes the Min-Expires of a 423, refreshes before the expiry and unregisters when closed', async () => {
    const { registration, notified, clock, registrar, pair } = registering();
    void registration.start();
    await clock.advanceAsync(100);
    expect(notified).toEqual(['60']);
    expect(contactsOf(await registrar.locate('bob'))).toEqual(['sip:offhook@10.0.0.2:5060']);
    await clock.advanceAsync(120_000);
    expect(notified.length).toBeGreaterThanOrEqual(4);
    const callIds = pair.network.sent.map(({ text }) => /Call-ID: (\S+)/.exec(text)?.[1]);
    expect(new Set(callIds).size).toBe(1);
    const closed = registration.close();
    await clock.advanceAsync(100);
    await closed;
    expect(await registrar.locate('bob')).toEqual([]);
    await registration.close();
    await clock.advanceAsync(100_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tries again with growing pauses when it is refused', async () => {
    const { registration, notified, clock } = registering('wrong');
    void registration.start();
    await clock.advanceAsync(100);
    expect(notified).toEqual(['failed 401']);
    await clock.advanceAsync(2100);
    expect(notified).toHaveLength(2);
    await clock.advanceAsync(3800);
    expect(notified).toHaveLength(2);
    await clock.advanceAsync(400);
    expect(notified).toHaveLength(3);
    const closed = registration.close();
    await clock.advanceAsync(100);
    await closed;
  });
});
