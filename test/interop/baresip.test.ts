import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { authorize } from '../support/authorize.ts';
import { type Baresip, type BaresipOptions, startBaresip } from '../support/baresip.ts';
import { startCapture } from '../support/capture.ts';
import { type ApiCall, isOver, RestClient } from '../support/rest-client.ts';
import { type StartedService, startService } from '../support/start-service.ts';

jest.setTimeout(30_000);

/** Two ports of which ours is the even one; the phones have theirs below. */
const OUR_RTP = { from: 30_000 + (process.pid % 50) * 2, to: 30_001 + (process.pid % 50) * 2 };
const EXTENSION = '201';

interface Account {
  readonly account: string;
  readonly password: string;
}

let service: StartedService;
let rest: RestClient;
let mine: Account;
let hers: Account;
const phones: Baresip[] = [];

const ROOT = new URL('../..', import.meta.url).pathname;

/** `npx offhook ...` beside the running service. @returns what it printed */
const offhook = async (words: readonly string[], input = ''): Promise<string> => {
  const child = spawn(process.execPath, ['scripts/offhook.mjs', ...words], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      OFFHOOK_DATABASE_URL: `sqlite:${join(service.directory, 'offhook.db')}`,
      OFFHOOK_SECRET_FILE: join(service.directory, 'offhook.key'),
      OFFHOOK_LOG_LEVEL: 'warn',
    },
  });
  child.stdin.end(input);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [exitCode] = (await once(child, 'close')) as [number];
  if (exitCode !== 0) throw new Error(`offhook ${words.join(' ')}: exit code ${exitCode}`);
  return output;
};

const addPhone = async (username: string): Promise<Account> => {
  const output = await offhook(['phone', 'add', username]);
  const field = (name: string): string => new RegExp(`^${name} +(\\S+)$`, 'm').exec(output)?.[1] ?? '';
  return { account: field('name'), password: field('password') };
};

const startPhone = async (account: Account, options: Partial<BaresipOptions> = {}): Promise<Baresip> => {
  const phone = await startBaresip({ ...account, registrarPort: service.sipPort, ...options });
  phones.push(phone);
  return phone;
};

const startRegistered = async (account: Account, options: Partial<BaresipOptions> = {}): Promise<Baresip> => {
  const phone = await startPhone(account, options);
  await phone.event('REGISTER_OK');
  return phone;
};

const place = (): Promise<string> => rest.place({ number: EXTENSION, from: mine.account });
const connected = (call: string): Promise<ApiCall> => rest.until(call, ({ state }) => state === 'connected');
const over = (call: string): Promise<ApiCall> => rest.until(call, isOver);

beforeAll(async () => {
  service = await startService({
    env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_RTP: `127.0.0.1:${OUR_RTP.from}-${OUR_RTP.to}` },
    settings: { limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 } },
  });
  await offhook(['user', 'add', 'anna', '--extension', EXTENSION], 'a long password of hers\n');
  mine = await addPhone('demo');
  hers = await addPhone('anna');
  rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
});

afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.quit()));
});

afterAll(async () => {
  expect(await rest.list()).toEqual([]);
  expect(await service.stop()).toBe(0);
});

describe('two registered phones (baresip)', () => {
  it('send their media to each other, and none through us, once they are joined', async () => {
    const a = await startRegistered(mine);
    const b = await startRegistered(hers, { answerMode: 'manual' });
    const capture = await startCapture([OUR_RTP, a.rtpPorts, b.rtpPorts]);
    const call = await place();
    await b.event('CALL_INCOMING');
    await pause(600);
    b.command('accept');
    await connected(call);
    const joinedAt = Date.now();
    await pause(1500);
    await rest.stop(call);
    await Promise.all([a.event('CALL_CLOSED'), b.event('CALL_CLOSED')]);
    expect(await over(call)).toMatchObject({ outcome: 'completed', ended_by: 'user' });

    const packets = await capture.stop();
    const within = (port: number, { from, to }: { from: number; to: number }): boolean => port >= from && port <= to;
    const before = packets.filter(({ at }) => at < joinedAt);
    const after = packets.filter(({ at }) => at > joinedAt + 200);
    const ringback = before.filter(({ from, to }) => within(from, OUR_RTP) && within(to, a.rtpPorts));
    const aToB = after.filter(({ from, to }) => within(from, a.rtpPorts) && within(to, b.rtpPorts));
    const bToA = after.filter(({ from, to }) => within(from, b.rtpPorts) && within(to, a.rtpPorts));
    const throughUs = after.filter(({ from, to }) => within(from, OUR_RTP) || within(to, OUR_RTP));
    // 600 ms and 1300 ms of packets every 20 ms, less what a busy machine delays.
    expect(ringback.length).toBeGreaterThan(20);
    expect(aToB.length).toBeGreaterThan(40);
    expect(bToA.length).toBeGreaterThan(40);
    expect(throughUs).toEqual([]);
    expect(new Set(after.map(({ payloadType }) => payloadType))).toEqual(new Set([0]));
  });

  it('complete the call when the destination hangs up', async () => {
    const a = await startRegistered(mine);
    const b = await startRegistered(hers);
    const call = await place();
    await connected(call);
    await b.event('CALL_ESTABLISHED');
    b.command('hangup');
    await a.event('CALL_CLOSED');
    const hungUp = { state: 'ended', sip_status: 200, q850_cause: 16, reason: 'hangup' };
    expect(await over(call)).toMatchObject({ outcome: 'completed', ended_by: 'callee', legs: [hungUp, hungUp] });
  });

  it('complete the call when the user hangs up', async () => {
    const a = await startRegistered(mine);
    const b = await startRegistered(hers);
    const call = await place();
    await connected(call);
    await a.event('CALL_ESTABLISHED');
    a.command('hangup');
    await b.event('CALL_CLOSED');
    expect(await over(call)).toMatchObject({ outcome: 'completed', ended_by: 'caller', ended_leg: 'caller' });
  });

  it("hear of each other's hold and resumption", async () => {
    const a = await startRegistered(mine);
    const b = await startRegistered(hers);
    const call = await place();
    await connected(call);
    await b.event('CALL_ESTABLISHED');
    a.command('hold');
    expect(await b.event('CALL_REMOTE_SDP')).toMatchObject({ param: 'offer' });
    a.command('resume');
    expect(await b.event('CALL_REMOTE_SDP')).toMatchObject({ param: 'offer' });
    await rest.stop(call);
    expect(await over(call)).toMatchObject({ outcome: 'completed' });
  });

  it('end a call as busy when the destination rejects it', async () => {
    await startRegistered(mine);
    const b = await startRegistered(hers, { answerMode: 'manual' });
    const call = await place();
    await b.event('CALL_INCOMING');
    b.command('hangup');
    expect(await over(call)).toMatchObject({
      outcome: 'busy',
      ended_by: 'callee',
      legs: [{ sip_status: 200 }, { sip_status: 486, q850_cause: 17 }],
    });
  });

  it('stop ringing at the destination when the call is ended by PUT', async () => {
    await startRegistered(mine);
    const b = await startRegistered(hers, { answerMode: 'manual' });
    const call = await place();
    await b.event('CALL_INCOMING');
    await rest.stop(call);
    await b.event('CALL_CLOSED');
    expect(await over(call)).toMatchObject({ outcome: 'cancelled', legs: [{ sip_status: 200 }, { sip_status: 487 }] });
  });
});

describe('registration', () => {
  it('over TCP: the call comes over the connection of the REGISTER', async () => {
    const a = await startRegistered(mine, { transport: 'tcp' });
    const b = await startRegistered(hers, { transport: 'tcp' });
    const call = await place();
    await connected(call);
    b.command('hangup');
    await a.event('CALL_CLOSED');
    expect(await over(call)).toMatchObject({ outcome: 'completed', ended_by: 'callee' });
  });

  it('ends when the phone is switched off: no_phone', async () => {
    const a = await startRegistered(mine);
    await a.quit();
    phones.length = 0;
    await expect(place()).rejects.toMatchObject({ status: 409, code: 'no_phone' });
  });

  it('is refused with a wrong password: no_phone', async () => {
    const a = await startPhone({ ...mine, password: 'wrong' });
    expect((await a.event('REGISTER_OK', 'REGISTER_FAIL')).type).toBe('REGISTER_FAIL');
    await expect(place()).rejects.toMatchObject({ status: 409, code: 'no_phone' });
  });

  it('of a phone that crashed and came back elsewhere: it is reached there', async () => {
    const crashed = await startRegistered(mine);
    await crashed.kill();
    phones.length = 0;
    await startRegistered(mine);
    const b = await startRegistered(hers);
    const call = await place();
    await connected(call);
    b.command('hangup');
    expect(await over(call)).toMatchObject({ outcome: 'completed', ended_by: 'callee' });
  });
});

describe('two phones of one user', () => {
  let mine: Account;
  // An account of their own: whoever was registered before must not ring along.
  beforeAll(async () => {
    mine = await addPhone('demo');
  });

  it('ring together: one answers, and the other is told that the call was completed elsewhere', async () => {
    const desk = await startRegistered(mine, { answerMode: 'manual' });
    const soft = await startRegistered(mine, { answerMode: 'manual' });
    const b = await startRegistered(hers);
    const call = await rest.place({ number: EXTENSION, from: mine.account });
    await Promise.all([desk.event('CALL_INCOMING'), soft.event('CALL_INCOMING')]);
    soft.command('accept');
    await connected(call);
    await desk.event('CALL_CLOSED');
    soft.command('hangup');
    await b.event('CALL_CLOSED');
    expect(await over(call)).toMatchObject({ outcome: 'completed', ended_by: 'caller' });
  });

  it('end the call as busy only when both have rejected it', async () => {
    const desk = await startRegistered(mine, { answerMode: 'manual' });
    const soft = await startRegistered(mine, { answerMode: 'manual' });
    const call = await rest.place({ number: EXTENSION, from: mine.account });
    await Promise.all([desk.event('CALL_INCOMING'), soft.event('CALL_INCOMING')]);
    desk.command('hangup');
    await desk.event('CALL_CLOSED');
    await pause(300);
    expect(await rest.info(call)).toMatchObject({ state: 'calling' });
    soft.command('hangup');
    expect(await over(call)).toMatchObject({ outcome: 'busy', ended_by: 'caller', ended_leg: 'caller' });
  });
});
