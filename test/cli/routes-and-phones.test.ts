import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/shared/clock.ts';
import { json, look, offhook, run, useDirectory } from './offhook.ts';

const directory = useDirectory();

const settings = (content: object): void => {
  const file = join(directory.path(), 'offhook.json');
  writeFileSync(file, JSON.stringify(content));
  process.env['OFFHOOK_CONFIG'] = file;
};

const trunks = [
  { name: 'carrier', uri: 'sip:sip.example.com', caller_id: '+12025550199', identity: 'pai' },
  { name: 'pbx', uri: 'sip:10.0.0.5', from_user: 'offhook', number_format: 'as-dialled' },
];
const routes = [
  { pattern: '2XX', trunks: ['pbx'] },
  { pattern: '9.', trunks: ['carrier'], send: '{rest}' },
  { prefix: '+1', trunks: [{ name: 'pbx', priority: 1 }, 'carrier'] },
];

describe('route', () => {
  it('says how a number is read, which route takes it, and what each trunk is sent', async () => {
    settings({ trunks, routes });
    expect(await json('route 2025550100')).toMatchObject({
      ...{ dialled: '2025550100', read_as: 'number', number: '+12025550100', dialled_in: 'US', country: 'US' },
      ...{ route: 'prefix +1', refusal: null },
      trunks: [
        {
          name: 'carrier',
          request_uri: 'sip:+12025550100@sip.example.com',
          from: expect.stringContaining('sip:+12025550199@sip.example.com'),
          headers: [expect.stringContaining('p-asserted-identity')],
        },
        { name: 'pbx', request_uri: 'sip:2025550100@10.0.0.5', from: expect.stringContaining('sip:offhook@10.0.0.5') },
      ],
    });
    expect((await run('route 201')).printed).toMatch(
      /^read as +what a route takes as it is\n.*201\nroute +pattern 2XX\n/m,
    );
    expect(await json('route 91202')).toMatchObject({ trunks: [{ request_uri: 'sip:1202@sip.example.com' }] });
  });

  it('ends with 1 where the number would be refused, and says why', async () => {
    settings({ trunks, routes });
    const refused = await offhook('route 911 --json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.printed)).toMatchObject({
      read_as: 'refused',
      refusal: { code: 'destination_barred', reason: 'emergency' },
    });
    expect(await offhook('route +442079460000')).toMatchObject({
      code: 1,
      printed: expect.stringContaining('country'),
    });
    expect(await offhook('route 411')).toMatchObject({ code: 1, printed: expect.stringContaining('too short') });
    settings({ trunks, routes: [], policy: { allowed_countries: [] } });
    expect((await run('route +442079460000')).printed).toMatch(/^route +none: every trunk in its order$/m);
    settings({ trunks, routes: [{ prefix: '+44', trunks: ['pbx'] }] });
    expect(await offhook('route 2025550100')).toMatchObject({ code: 1, printed: expect.stringContaining('no route') });
  });

  it('reads as a user dials, whose own country and extension count', async () => {
    settings({ trunks, routes, policy: { allowed_countries: [] } });
    await run('user add ada --country GB --extension 201', 'correct horse\n');
    await run('user add bob --extension 202', 'correct horse\n');
    await run('phone add bob --name desk');
    const reportTo = async (number: string): Promise<unknown> =>
      JSON.parse((await offhook(`route ${number} --user ada --json`)).printed);
    const [asAda, own, bob] = [await reportTo('02079460000'), await reportTo('201'), await reportTo('202')];
    expect(asAda).toMatchObject({ dialled_in: 'GB', number: '+442079460000' });
    expect(own).toMatchObject({ read_as: 'refused', refusal: { code: 'invalid_number' } });
    expect(bob).toMatchObject({ read_as: 'extension', phones: ['desk'] });
  });
});

describe('routes that no number can take', () => {
  it('are named: an emergency number is never dialled', async () => {
    settings({ trunks, routes: [{ pattern: '911', trunks: ['pbx'] }] });
    expect(await offhook('config check')).toMatchObject({
      code: 1,
      said: expect.stringContaining('routes[0].pattern: 911 is an emergency number, which is never dialled'),
    });
  });
});

describe('a phone that asks for TLS', () => {
  it.each(['sip:200@10.0.0.5;transport=tls', 'sips:200@10.0.0.5', 'sip:200@10.0.0.5;transport=ws'])(
    'is refused by the command and by the file: %s',
    async (address) => {
      await run('user add ada', 'correct horse\n');
      const added = await offhook(`phone add ada --address ${address}`);
      expect(added).toMatchObject({ code: 2, said: expect.stringContaining('asks for TLS') });
      settings({ phones: [{ user: 'ada', address }] });
      expect((await offhook('config check')).said).toContain('phones[0].address: asks for TLS or WebSockets');
    },
  );
});

describe('phone list', () => {
  it('says from where each phone is registered, and when it last said so', async () => {
    await run('user add ada', 'correct horse\n');
    await run('phone add ada --name desk');
    const now = systemClock.now();
    const common = { account: 'desk', path: [], q: 1, callId: 'call', cseq: 1, userAgent: 'Snom' };
    await look(({ stores }) =>
      stores.bindings.update('desk', () => [
        {
          ...{ ...common, contact: 'sip:desk@192.0.2.7:5062', registeredAt: now - 1000, expiresAt: now + 60_000 },
          flow: { protocol: 'udp', address: '192.0.2.7', port: 5062 },
        },
        {
          ...{ ...common, contact: 'sip:desk@192.0.2.8', registeredAt: now - 90_000, expiresAt: now - 1 },
          flow: { protocol: 'udp', address: '192.0.2.8', port: 5060 },
        },
      ]),
    );
    const at = new Date(now - 1000).toISOString();
    expect(await json('phone list ada')).toMatchObject([
      {
        name: 'desk',
        registrations: [
          { contact: 'sip:desk@192.0.2.7:5062', from: 'udp:192.0.2.7:5062', registered_at: at, user_agent: 'Snom' },
        ],
      },
    ]);
    expect((await run('phone list')).printed).toContain(`udp:192.0.2.7:5062 at ${at}`);
  });
});
