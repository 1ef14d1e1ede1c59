import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { run } from '../../../src/storage/unit-of-work.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { accept, answerWith, TestReceiver } from './receiver.ts';
import { WebhookWorld } from './webhook-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NAMES = ['call.created', 'call.calling', 'call.dialling', 'call.ended', 'call.settled'];

let world: WebhookWorld;
let receiver: TestReceiver;

beforeEach(async () => {
  receiver = await new TestReceiver().open();
  world = await new WebhookWorld().open();
});
afterEach(async () => {
  await world.close();
  await receiver.close();
});

const typesOf = (token: string, of = receiver.accepted): readonly string[] =>
  of.filter(({ tokenCall }) => tokenCall === token).map(({ type }) => type);

const allDelivered = async (id: string, count: number): Promise<boolean> => {
  const deliveries = await world.deliveries(id);
  return deliveries.length === count && deliveries.every(({ state }) => state === 'delivered');
};

describe('deliveries', () => {
  it('tell each change of a call once and in order, signed as the published library verifies', async () => {
    const { id, secret } = await world.webhook(`${receiver.url}/hook?a=b`);
    await world.call('t1');
    await world.until('all is delivered', () => allDelivered(id, 5));
    expect(typesOf('t1')).toEqual(NAMES);
    for (const { headers, body, path } of receiver.received) {
      expect(path).toBe('/hook?a=b');
      expect(headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'test' });
      expect(headers['webhook-id']).toMatch(/^msg_[\w-]{24}$/);
      // The library measures by the clock of the machine: so it is given the time at which it was signed.
      const now = new Date();
      const at = { ...headers, 'webhook-timestamp': String(Math.floor(now.getTime() / 1000)) };
      const resigned = new Verifier(secret).sign(headers['webhook-id']!, now, body);
      expect(() => new Verifier(secret).verify(body, { ...at, 'webhook-signature': resigned })).not.toThrow();
      const signedAt = new Date(Number(headers['webhook-timestamp']) * 1000);
      expect(headers['webhook-signature']).toBe(new Verifier(secret).sign(headers['webhook-id']!, signedAt, body));
    }
    expect(JSON.parse(receiver.received[3]!.body)).toMatchObject({
      type: 'call.ended',
      timestamp: '2026-01-01T12:00:00.004Z',
      data: { sequence: 4, call: { token_call: 't1', state: 'ended', outcome: 'busy', ended_leg: 'callee' } },
    });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(5);
  });

  it('tell only the events that were asked for, of calls of this application, from the making of the webhook on', async () => {
    await world.call('before');
    const { id } = await world.webhook(receiver.url, { events: ['call.ended'] });
    await world.call('of another', { clientId: 'other' });
    await world.call('t1');
    await world.until('it is delivered', () => allDelivered(id, 1));
    expect(receiver.received.map(({ type, tokenCall }) => [type, tokenCall])).toEqual([['call.ended', 't1']]);
  });

  it('are made of what came since the first webhook, though its process was killed before it kept where it was', async () => {
    await world.call('before');
    await world.stop();
    const { id } = await world.webhook(receiver.url);
    await world.call('t1');
    const { database } = world.stores;
    const kept = database.builder.deleteFrom('facts').where('name', '=', 'webhook_cursor');
    await database.write(() => run(kept.compile()));
    world.start();
    await world.until('all is delivered', () => allDelivered(id, 5));
    expect(receiver.received.map(({ type, tokenCall }) => [tokenCall, type])).toEqual(
      NAMES.map((name) => ['t1', name]),
    );
  });

  it('wait for the one before of the same call, while those of other calls go on', async () => {
    receiver.answer = ({ tokenCall }, response) =>
      void response.writeHead(tokenCall === 'stuck' && failing ? 500 : 200).end();
    let failing = true;
    const { id } = await world.webhook(receiver.url);
    await world.call('stuck');
    await world.call('free');
    await world.until('the other call is told', () => typesOf('free').length === 5);
    expect(typesOf('stuck', receiver.received).every((type) => type === 'call.created')).toBe(true);
    failing = false;
    await world.until('all is delivered', () => allDelivered(id, 10), 1000);
    expect(typesOf('stuck')).toEqual(NAMES);
  });

  it('are tried nine times in some 45 hours, then dead; the next of the call goes then', async () => {
    receiver.answer = ({ type }, response) => void response.writeHead(type === 'call.created' ? 500 : 200).end();
    const { id } = await world.webhook(receiver.url, { events: ['call.created', 'call.ended'] });
    await world.call('t1');
    const began = world.clock.now();
    await world.until(
      'it is dead',
      async () => (await world.deliveries(id)).some(({ state }) => state === 'dead'),
      10 * MINUTE_MS,
    );
    const hours = (world.clock.now() - began) / HOUR_MS;
    expect(hours).toBeGreaterThan(40);
    expect(hours).toBeLessThan(50);
    expect((await world.deliveries(id)).at(-1)).toMatchObject({
      ...{
        event: 'call.created',
        state: 'dead',
        attempts: 9,
        lastStatus: 500,
        lastError: 'status 500',
        nextAttemptAt: null,
      },
    });
    await world.until('the next is told', () => typesOf('t1').length === 1);
    expect(typesOf('t1')).toEqual(['call.ended']);
  });

  it('of a receiver that is away are noticed at its return by itself, within about a minute, and sent in order', async () => {
    const { id } = await world.webhook(receiver.url);
    await receiver.close();
    for (let call = 0; call < 20; call += 1) await world.call(`t${call}`);
    await world.until('hours pass', () => world.clock.now() > Date.parse('2026-01-01T15:00:00Z'), MINUTE_MS);
    expect(world.log.lines.filter(({ message }) => message === 'the receiver of a webhook is away')).toHaveLength(1);
    await receiver.open();
    const back = world.clock.now();
    await world.until('all is delivered', () => allDelivered(id, 100), 1000);
    expect(world.clock.now() - back).toBeLessThan(5 * MINUTE_MS);
    for (let call = 0; call < 20; call += 1) expect(typesOf(`t${call}`)).toEqual(NAMES);
  });

  it('of a receiver that is away die in time, although it is tried less often', async () => {
    const { id } = await world.webhook(receiver.url, { events: ['call.created'] });
    await receiver.close();
    for (let call = 0; call < 5; call += 1) await world.call(`t${call}`);
    const isOver = async () => (await world.deliveries(id)).every(({ state }) => state === 'dead');
    await world.until('all are dead', isOver, 10 * MINUTE_MS);
    expect(world.clock.now()).toBeLessThan(Date.parse('2026-01-03T14:00:00Z'));
  });

  it('to a receiver that is slow do not delay those to another', async () => {
    const slow = await new TestReceiver().open();
    slow.answer = () => undefined;
    const waits = await world.webhook(slow.url);
    const { id } = await world.webhook(receiver.url);
    for (let call = 0; call < 30; call += 1) await world.call(`t${call}`);
    await world.until('the other has all', () => allDelivered(id, 150));
    expect(slow.received.length).toBeLessThanOrEqual(8);
    await world.advance(11_000);
    await world.until('the time is over', async () =>
      (await world.deliveries(waits.id)).some(({ lastError }) => lastError === 'no reply within 10 s'),
    );
    await slow.close();
  });

  it('are not sent again before the time that the receiver asks for, an hour at the most', async () => {
    receiver.answer = answerWith(429, { 'Retry-After': '120' });
    const { id } = await world.webhook(receiver.url, { events: ['call.created'] });
    await world.call('t1');
    await world.until('it was refused', async () => (await world.deliveries(id))[0]?.lastStatus === 429);
    const [delivery] = await world.deliveries(id);
    expect(delivery!.nextAttemptAt! - world.clock.now()).toBeGreaterThan(110_000);
    receiver.answer = accept;
    await world.call('t2');
    await world.advance(60_000);
    await world.advance(1000);
    expect(receiver.received).toHaveLength(1);
    await world.until('all is delivered', () => allDelivered(id, 2), 1000);
    expect(world.clock.now()).toBeLessThan(Date.parse('2026-01-01T12:04:00Z'));

    receiver.answer = answerWith(503, { 'Retry-After': 'Fri, 01 Jan 2027 00:00:00 GMT' });
    await world.call('t3');
    await world.until('it was refused', async () => (await world.deliveries(id))[0]?.lastStatus === 503);
    expect((await world.deliveries(id))[0]!.nextAttemptAt! - world.clock.now()).toBeLessThanOrEqual(HOUR_MS);
  });

  it('end where the receiver is gone: 410 disables the webhook', async () => {
    receiver.answer = answerWith(410);
    const { id } = await world.webhook(receiver.url);
    await world.call('t1');
    await world.until('it is disabled', async () => (await world.service.find('app', id)).status === 'gone');
    for (let hour = 0; hour < 48; hour += 1) {
      world.clock.step(HOUR_MS);
      await world.advance(1000);
    }
    expect(receiver.received).toHaveLength(1);
    receiver.answer = accept;
    await world.service.change('app', id, { status: 'enabled' });
    await world.until('what waited is sent', () => receiver.accepted.length === 4, 1000);
    expect(typesOf('t1')).toEqual(NAMES.slice(1));
  });

  it('do not follow a redirect, and keep nothing of a reply', async () => {
    const other = await new TestReceiver().open();
    receiver.answer = answerWith(302, { Location: other.url, 'X-Secret': 'top secret' });
    const { id } = await world.webhook(receiver.url, { events: ['call.created'] });
    await world.call('t1');
    await world.until('it failed', async () => (await world.deliveries(id))[0]?.lastStatus === 302);
    expect((await world.deliveries(id))[0]).toMatchObject({
      state: 'pending',
      lastError: 'redirect 302, not followed',
    });
    expect(other.received).toEqual([]);
    await other.close();
  });

  it('take no notice of the size of a reply', async () => {
    receiver.answer = (_received, response) => {
      response.writeHead(200);
      response.on('error', () => undefined);
      for (let chunk = 0; chunk < 64; chunk += 1) response.write('x'.repeat(64 * 1024));
    };
    const { id } = await world.webhook(receiver.url);
    await world.call('t1');
    await world.until('all is delivered', () => allDelivered(id, 5));
  });

  it('hold no more than 8 connections to a receiver whose replies have no end', async () => {
    let [open, most] = [0, 0];
    receiver.answer = (_received, response) => {
      open += 1;
      most = Math.max(most, open);
      response.on('close', () => (open -= 1));
      response.writeHead(200).write('x');
    };
    const { id } = await world.webhook(receiver.url, { events: ['call.created'] });
    for (let call = 0; call < 30; call += 1) await world.call(`t${call}`);
    await world.until('all is delivered', () => allDelivered(id, 30), 1000);
    expect(most).toBeLessThanOrEqual(8);
    expect(receiver.received).toHaveLength(30);
  });

  it('are signed with both secrets for a day after a rotation, then with the new one', async () => {
    const { id, secret } = await world.webhook(receiver.url, { events: ['call.created'] });
    const rotated = await world.service.rotateSecret('app', id);
    await world.call('t1');
    await world.until('it is delivered', () => receiver.received.length === 1);
    world.clock.step(25 * HOUR_MS);
    await world.call('t2');
    await world.until('it is delivered', () => receiver.received.length === 2, 1000);
    const signatures = receiver.received.map(({ headers, body }) => {
      const at = new Date(Number(headers['webhook-timestamp']) * 1000);
      const sign = (with_: string) => new Verifier(with_).sign(headers['webhook-id']!, at, body);
      return [headers['webhook-signature'], sign(rotated.secret), sign(secret)] as const;
    });
    expect(signatures[0]![0]).toBe(`${signatures[0]![1]} ${signatures[0]![2]}`);
    expect(signatures[1]![0]).toBe(signatures[1]![1]);
  });

  it('can be sent again with their id, delivered ones and dead ones', async () => {
    const { id } = await world.webhook(receiver.url, { events: ['call.created'] });
    await world.call('t1');
    await world.until('it is delivered', () => allDelivered(id, 1));
    const [delivery] = await world.deliveries(id);
    expect(await world.service.resend('app', id, delivery!.id)).toMatchObject({ state: 'pending' });
    await world.until('it is sent again', () => receiver.received.length === 2, 1000);
    const [first, second] = receiver.received;
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    await expect(world.service.resend('app', id, 4711)).rejects.toThrow('no such delivery');
    await expect(world.service.resend('other', id, delivery!.id)).rejects.toThrow('no such webhook');
  });

  it('can be tried: a test reaches the receiver', async () => {
    const { id } = await world.webhook(receiver.url);
    expect(await world.service.test('app', id)).toMatchObject({ event: 'webhook.test', tokenCall: null });
    await world.until('it is delivered', () => receiver.accepted.length === 1, 1000);
    expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({ type: 'webhook.test', data: { webhook: id } });
  });
});

describe('nothing more is sent', () => {
  const held = async (): Promise<string> => {
    await receiver.close();
    const { id } = await world.webhook(receiver.url);
    await world.call('t1');
    await world.until('one failed', async () => (await world.deliveries(id)).some(({ attempts }) => attempts > 0), 100);
    return id;
  };
  const nothingComes = async (): Promise<void> => {
    await receiver.open();
    for (let minute = 0; minute < 3; minute += 1) {
      for (let second = 0; second < 60; second += 1)
        await world.until('a second passes', () => true).then(() => world.advance(1000));
    }
    expect(receiver.received).toEqual([]);
  };

  it.each([
    ['the grant was revoked', () => world.stores.tokens.revokeApplication('user-1', 'app')],
    ['the user was deleted', () => world.stores.users.delete('user-1')],
    ['the user was disabled', () => world.stores.users.setStatus('user-1', 'disabled')],
    [
      'the client was disabled',
      () => {
        const update = world.stores.database.builder
          .updateTable('clients')
          .set({ status: 'disabled' })
          .where('id', '=', 'app');
        return world.stores.database.write(() => run(update.compile()));
      },
    ],
    [
      'the client lost its scope',
      () => world.stores.clients.change('app', { scopes: ['call'], defaultScopes: ['call'] }),
    ],
  ])('once %s; the deliveries die', async (_what, change: () => Promise<unknown>) => {
    const id = await held();
    await change();
    await nothingComes();
    const deliveries = await world.deliveries(id);
    expect(deliveries.every(({ state }) => state === 'dead')).toBe(true);
    expect(deliveries.every(({ lastError }) => lastError === 'grant withdrawn')).toBe(true);
  });

  it('once the client was deleted, with its webhooks and deliveries', async () => {
    const id = await held();
    await world.stores.clients.delete('app');
    await nothingComes();
    expect(await world.deliveries(id)).toEqual([]);
  });

  it('once the webhook was disabled; what waited is kept', async () => {
    const id = await held();
    await world.service.change('app', id, { status: 'disabled' });
    await nothingComes();
    expect((await world.deliveries(id)).every(({ state }) => state === 'pending')).toBe(true);
  });
});

describe('restarts', () => {
  it('lose nothing and make nothing twice, whatever fails', async () => {
    const draw = seededRandom(3);
    receiver.answer = (_received, response) => void response.writeHead(draw() < 0.3 ? 500 : 200).end();
    const { id } = await world.webhook(receiver.url);
    for (let round = 0; round < 5; round += 1) {
      for (let call = 0; call < 10; call += 1) await world.call(`t${round}-${call}`);
      await world.until('some is delivered', () => receiver.accepted.length > round * 10, 500);
      await world.stop();
      for (let call = 10; call < 15; call += 1) await world.call(`t${round}-${call}`);
      world.start();
    }
    await world.until('all is delivered', () => allDelivered(id, 375), MINUTE_MS);
    for (let round = 0; round < 5; round += 1) {
      for (let call = 0; call < 15; call += 1) {
        expect([...new Set(typesOf(`t${round}-${call}`))]).toEqual(NAMES);
      }
    }
  });

  it('go on from now where the feed does not go back so far, and say so', async () => {
    const { id } = await world.webhook(receiver.url);
    await world.call('t1');
    await world.until('all is delivered', () => allDelivered(id, 5));
    await world.stop();
    await world.stores.feed.begin('another file', 'epoch-2');
    await world.call('missed');
    world.start();
    await world.until('it is said', () => world.log.lines.some(({ message }) => message.includes('does not go back')));
    await world.call('t2');
    await world.until('all is delivered', () => allDelivered(id, 10), 100);
    expect(typesOf('t2')).toEqual(NAMES);
    expect(typesOf('missed')).toEqual([]);
  });
});

it('deliveries are forgotten after 7 days, dead ones after 30', async () => {
  const { id } = await world.webhook(receiver.url, { events: ['call.created'] });
  await world.call('t1');
  await world.until('it is delivered', () => allDelivered(id, 1));
  await world.stores.sweep(world.clock.now() + 7 * 24 * HOUR_MS - 1000);
  expect(await world.deliveries(id)).toHaveLength(1);
  await world.stores.sweep(world.clock.now() + 7 * 24 * HOUR_MS + 1000);
  expect(await world.deliveries(id)).toEqual([]);
});
