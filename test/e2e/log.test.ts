import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/shared/clock.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { Registration } from '../../src/sip/registrar/registration.ts';
import { SipStack } from '../../src/sip/sip-stack.ts';
import { authorize } from '../support/authorize.ts';
import { freePort } from '../support/free-port.ts';
import { type StartedService, startService, type StartServiceOptions } from '../support/start-service.ts';

type Line = Readonly<Record<string, unknown>> & { readonly msg: string };

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const parts = { clock: systemClock, ids: createSystemIds(), log: silentLog };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
}, 30_000);

const start = async (options: StartServiceOptions): Promise<StartedService> => {
  const service = await startService(options);
  closing.push(() => service.stop());
  return service;
};

const openStack = async (protocol: 'udp' | 'tcp', port = 0): Promise<SipStack> => {
  const listeners = [{ protocol, host: '127.0.0.1', port }];
  const stack = new SipStack({ ...parts, listeners, contactUser: 'peer', serverName: 'Peer' });
  await stack.start();
  closing.push(async () => {
    await stack.userAgent.close(0);
    await stack.close();
  });
  return stack;
};

/** What an operator has: the lines of the log, and nothing of the API. */
const linesOf = ({ output }: StartedService, message: string): Line[] =>
  output
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => {
      const entry = JSON.parse(line) as Line;
      return entry.msg === message ? [entry] : [];
    });

const until = async (service: StartedService, message: string, count: number): Promise<Line[]> => {
  const end = performance.now() + 30_000;
  for (;;) {
    const lines = linesOf(service, message);
    if (lines.length >= count) return lines;
    if (performance.now() > end) throw new Error(`no ${count} of "${message}":\n${service.output.join('\n')}`);
    await pause(25);
  }
};

const place = async ({ baseUrl }: StartedService, token: string, fields: object, headers = {}): Promise<string> => {
  const response = await fetch(`${baseUrl}/rest/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(fields),
  });
  const { searchParams } = new URL(response.headers.get('location') ?? baseUrl);
  return searchParams.get('token_call') ?? `${response.status}`;
};

describe('an operator knows from the log alone', () => {
  it('why each call failed, and which request placed it', async () => {
    const service = await start({ settings: { busy_tone_ms: 0 } });
    const token = await authorize(service.baseUrl);
    const asked = [
      ['busy', '+12025550101'],
      ['declined', '+12025550103'],
      ['not found', '+12025550104'],
      ['the trunk refuses', '+12025550105'],
      ['nobody answers', '+12025550102'],
    ] as const;
    const names = new Map<string, string>();
    for (const [name, number] of asked) {
      const headers = { 'x-request-id': name.replaceAll(' ', '-'), traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
      names.set(await place(service, token, { number, destination_timeout: 5 }, headers), name);
    }
    expect(await place(service, token, { number: '+442079460000' })).toBe('403');
    const ends = await until(service, 'call ended', asked.length);
    const why = Object.fromEntries(
      ends.map((line) => {
        const { reached, sip_status, q850_cause, reason } = line['callee'] as Line;
        const { outcome, ended_by, trunk } = line;
        const name = names.get(String(line['token_call'])) ?? 'unknown';
        return [name, [outcome, ended_by, trunk, reached, sip_status, q850_cause, reason].join(' ')];
      }),
    );
    expect(why).toEqual({
      busy: 'busy callee sandbox calling 486 17 busy',
      declined: 'declined callee sandbox calling 603 21 declined',
      'not found': 'unreachable callee sandbox calling 404 1 not-found',
      'the trunk refuses': 'failed callee sandbox calling 503 41 service-unavailable',
      'nobody answers': 'no-answer system sandbox ringing 487 19 no-answer',
    });
    for (const line of ends) {
      const name = names.get(String(line['token_call'])) ?? '';
      expect(line).toMatchObject({
        ...{ level: 30, user: 'demo', client: 'demo-app', number: '+1202555****', ended_leg: 'callee' },
        ...{ request_id: name.replaceAll(' ', '-'), trace_id: TRACE },
        caller: { reached: 'answered', sip_status: 200 },
      });
      expect(linesOf(service, 'request')).toContainEqual(
        expect.objectContaining({ method: 'POST', status: 201, request_id: line['request_id'], trace_id: TRACE }),
      );
    }
    expect(linesOf(service, 'a trunk refuses calls')).toMatchObject([{ level: 40, trunk: 'sandbox', sip_status: 503 }]);
    expect(linesOf(service, 'request').at(-1)).toMatchObject({ status: 403, problem: expect.any(String) });
    const written = service.output.join('\n');
    for (const secret of [token, ...asked.map(([, number]) => number), '442079460000']) {
      expect(written).not.toContain(secret);
    }
  }, 60_000);

  it('that a trunk is gone and comes back, once each, and which calls that cost', async () => {
    const port = await freePort();
    const trunks = [{ name: 'gone', uri: `sip:127.0.0.1:${port};transport=tcp` }];
    const service = await start({ settings: { trunks, busy_tone_ms: 0 } });
    const token = await authorize(service.baseUrl);
    for (let call = 0; call < 3; call += 1) await place(service, token, { number: '+12025550100' });
    const ends = await until(service, 'call ended', 3);
    for (const line of ends) {
      expect(line).toMatchObject({
        ...{ outcome: 'unreachable', ended_by: 'system', ended_leg: 'callee', trunk: 'gone' },
        callee: { reached: 'calling', reason: 'unreachable' },
      });
    }
    expect(linesOf(service, 'a trunk does not answer')).toMatchObject([{ level: 40, trunk: 'gone', method: 'INVITE' }]);
    const trunk = await openStack('tcp', port);
    trunk.userAgent.listen((session) => session.reject(486));
    for (let call = 0; call < 2; call += 1) await place(service, token, { number: '+12025550100' });
    await until(service, 'call ended', 5);
    expect(linesOf(service, 'a trunk works again')).toMatchObject([{ level: 30, trunk: 'gone', failures: 3 }]);
    expect(linesOf(service, 'a trunk does not answer')).toHaveLength(1);
  }, 60_000);

  it('why a phone cannot register, and never its password', async () => {
    const service = await start({ env: { OFFHOOK_LOG_LEVEL: 'debug' } });
    const { userAgent } = await openStack('udp');
    const password = `guess ${parts.ids.random(64)}`;
    for (const username of ['demo', 'nobody', 'demo']) {
      const registration = new Registration({
        ...{ ...parts, userAgent, registrar: 'sip:127.0.0.1', account: `sip:${username}@127.0.0.1` },
        credentials: { username, password },
        hop: { protocol: 'udp', address: '127.0.0.1', port: service.sipPort },
      });
      const refused = new Promise((resolve) => registration.once('failed', resolve));
      await registration.start();
      expect(await refused).toBe(401);
      await registration.close();
    }
    const lines = await until(service, 'a REGISTER was refused', 2);
    expect(lines).toMatchObject([
      { level: 40, source: '127.0.0.1', account: 'demo', sip_status: 401, reason: 'wrong-password', count: 1 },
      { level: 40, source: '127.0.0.1', account: 'nobody', sip_status: 401, reason: 'unknown-account', count: 1 },
    ]);
    const written = service.output.join('\n');
    for (const secret of [password, encodeURIComponent(password), 'Digest ']) expect(written).not.toContain(secret);
  }, 60_000);
});
