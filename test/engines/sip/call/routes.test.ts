import { describe, expect, it } from '@jest/globals';
import type { CallPlan, Endpoint } from '../../../../src/calls/call-engine.ts';
import type { LegRole } from '../../../../src/calls/call-state.ts';
import type { RouteTrunk } from '../../../../src/engines/sip/call/route-table.ts';
import { Routes, type RoutesOptions } from '../../../../src/engines/sip/call/routes.ts';
import type { SipTrunk } from '../../../../src/engines/sip/call/trunk-dialect.ts';
import type { Binding } from '../../../../src/sip/registrar/binding-store.ts';
import { createSeededIds } from '../../../support/seeded-ids.ts';

const binding = (contact: string, path: readonly string[] = []): Binding => ({
  account: 'alice',
  contact,
  flow: { protocol: 'udp', address: '127.0.0.1', port: 5070 },
  path,
  q: 1,
  registeredAt: 0,
  expiresAt: 1,
  callId: 'call',
  cseq: 1,
  userAgent: undefined,
});

const near = { name: 'near', uri: 'sip:near.example:5070', callerId: '+12025550001' };
const far = {
  name: 'far',
  uri: 'sip:old@far.example;transport=tcp',
  credentials: { username: 'offhook', password: 'secret' },
};

/** Tried as they stand. */
const inTurn = (...trunks: readonly SipTrunk[]): RouteTrunk[] => trunks.map((trunk) => ({ trunk, priority: 0 }));

const routes = (options: Partial<RoutesOptions> = {}): Routes =>
  new Routes({
    trunks: [near, far],
    routes: [],
    ids: createSeededIds(1),
    bindings: {
      locate: (account) =>
        Promise.resolve(
          account === 'alice'
            ? [binding('sip:alice@192.0.2.1:5070'), binding('sip:alice@10.0.0.1', ['<sip:edge.example;lr>'])]
            : [],
        ),
    },
    domain: 'offhook.example',
    ...options,
  });

const plan = (changes: Partial<CallPlan>): CallPlan => ({
  tokenCall: 'token',
  caller: [{ kind: 'registered', account: 'alice' }],
  callee: [{ kind: 'number', number: '+33123456789' }],
  destinationDisplay: '+33123456789',
  timeoutSeconds: 30,
  destinationTimeoutSeconds: 60,
  ...changes,
});

const targetsFor = (role: LegRole, changes: Partial<CallPlan> = {}, from = routes()): ReturnType<Routes['targets']> => {
  const { caller, callee, callerId, destinationDisplay } = plan(changes);
  return role === 'caller' ? from.targets(caller, destinationDisplay) : from.targets(callee, callerId);
};

const targetsOf = async (changes: Partial<CallPlan>, from = routes()): Promise<string[]> =>
  (await targetsFor('callee', changes, from)).map(({ invite }) => invite.target);

describe('where a leg is rung', () => {
  it("a registered name: at every contact, by its Path or else by the flow it came on, To in the user's name", async () => {
    const [first, second] = await targetsFor('caller');
    expect(first).toMatchObject({
      address: 'sip:alice@offhook.example',
      invite: {
        target: 'sip:alice@192.0.2.1:5070',
        hop: { address: '127.0.0.1', port: 5070 },
        from: { display: '+33123456789', uri: 'sip:+33123456789@offhook.example' },
        to: { uri: 'sip:alice@offhook.example' },
      },
    });
    expect(second?.invite).toMatchObject({ target: 'sip:alice@10.0.0.1', route: ['<sip:edge.example;lr>'] });
    expect(second?.invite.hop).toBeUndefined();
  });

  it('a number: at every trunk, which keeps its port and parameters', async () => {
    const [first, second] = await targetsFor('callee');
    expect(first).toMatchObject({
      address: '+33123456789',
      invite: { target: 'sip:+33123456789@near.example:5070', from: { uri: 'sip:+12025550001@near.example' } },
    });
    expect(first?.invite.credentials).toBeUndefined();
    expect(second?.invite).toMatchObject({
      target: 'sip:+33123456789@far.example;transport=tcp',
      from: { uri: 'sip:offhook@far.example' },
      credentials: far.credentials,
    });
  });

  it('shows the number of the call before that of the trunk', async () => {
    const [first] = await targetsFor('callee', { callerId: '+12025550199' });
    expect(first?.invite.from.uri).toBe('sip:+12025550199@near.example');
  });

  it('the longest prefix decides which trunks, and a number without a route goes nowhere', async () => {
    const from = routes({
      routes: [
        { prefix: '+3', trunks: inTurn(near) },
        { prefix: '+331', trunks: inTurn(far, near) },
      ],
    });
    expect(await targetsOf({}, from)).toHaveLength(2);
    expect((await targetsOf({}, from))[0]).toContain('far.example');
    expect(await targetsOf({ callee: [{ kind: 'number', number: '+34911' }] }, from)).toEqual([
      'sip:+34911@near.example:5070',
    ]);
    expect(await targetsOf({ callee: [{ kind: 'number', number: '+12025550100' }] }, from)).toEqual([]);
  });

  it('a phone at a fixed address brings its credentials, for a PBX that challenges', async () => {
    const credentials = { username: '200', password: 'secret' };
    const from = routes({ phoneCredentials: new Map([['sip:200@10.0.0.5', credentials]]) });
    const caller: Endpoint[] = [
      { kind: 'address', uri: 'sip:200@10.0.0.5' },
      { kind: 'address', uri: 'sip:201@10.0.0.5' },
    ];
    const targets = await targetsFor('caller', { caller }, from);
    expect(targets.map(({ invite }) => invite.credentials)).toEqual([credentials, undefined]);
  });

  it('several endpoints one after the other', async () => {
    const callee: Endpoint[] = [
      { kind: 'address', uri: 'sip:200@10.0.0.5' },
      { kind: 'registered', account: 'nobody' },
      { kind: 'registered', account: 'alice' },
    ];
    expect(await targetsOf({ callee })).toEqual([
      ...['sip:200@10.0.0.5', 'sip:alice@192.0.2.1:5070', 'sip:alice@10.0.0.1'],
    ]);
  });
});

describe('whether an endpoint can be reached', () => {
  it.each<[boolean, Endpoint]>([
    [true, { kind: 'registered', account: 'alice' }],
    [false, { kind: 'registered', account: 'nobody' }],
    [true, { kind: 'address', uri: 'sip:200@10.0.0.5' }],
    [true, { kind: 'number', number: '+33123456789' }],
  ])('%s: %j', async (can, endpoint) => {
    expect((await routes().locate(endpoint)) !== undefined).toBe(can);
  });

  it('a number cannot where no trunk takes it', async () => {
    const number: Endpoint = { kind: 'number', number: '+33123456789' };
    expect(await routes({ trunks: [] }).locate(number)).toBeUndefined();
    expect(await routes({ routes: [{ prefix: '+1', trunks: inTurn(near) }] }).locate(number)).toBeUndefined();
  });

  it('asks for the bindings of a located name once: the plan carries them to the leg', async () => {
    const asked: string[] = [];
    const bindings = {
      locate: (account: string) => {
        asked.push(account);
        return Promise.resolve([binding('sip:alice@192.0.2.1:5070')]);
      },
    };
    const from = routes({ bindings });
    const located = await from.locate({ kind: 'registered', account: 'alice' });
    const targets = await targetsFor('caller', { caller: located === undefined ? [] : [located] }, from);
    expect(targets.map(({ invite }) => invite.target)).toEqual(['sip:alice@192.0.2.1:5070']);
    expect(asked).toEqual(['alice']);
  });
});

describe('the trunks of a route', () => {
  const third = { name: 'third', uri: 'sip:third.example' };
  const number: Endpoint = { kind: 'number', number: '+12025550100', dialled: '2025550100' };
  const hostsOf = async (from: Routes, endpoint: Endpoint = number): Promise<string[]> =>
    (await from.targets([endpoint], undefined)).map(({ trunk }) => trunk?.name ?? '');

  it('are tried by priority, and those of one priority in their order', async () => {
    const trunks = [
      { trunk: far, priority: 1 },
      { trunk: near, priority: 0 },
      { trunk: third, priority: 1 },
    ];
    expect(await hostsOf(routes({ routes: [{ prefix: '+1', trunks }] }))).toEqual(['near', 'far', 'third']);
  });

  it('come first as often as their weight says', async () => {
    const trunks = [
      { trunk: near, priority: 0, weight: 1 },
      { trunk: far, priority: 0, weight: 3 },
    ];
    const from = routes({ routes: [{ prefix: '+1', trunks }] });
    const firsts = await Promise.all(Array.from({ length: 400 }, async () => (await hostsOf(from))[0]));
    const share = firsts.filter((name) => name === 'far').length / firsts.length;
    expect(Math.abs(share - 0.75)).toBeLessThan(0.06);
  });

  it('of a pattern get what was dialled, or what the route makes of it; of a prefix what their format makes of it', async () => {
    const from = routes({
      routes: [
        { pattern: '2XX', trunks: inTurn(near) },
        { pattern: '9.', trunks: inTurn({ ...near, dialect: { numberPrefix: '7' } }), send: '00{rest}' },
        { prefix: '+1', trunks: inTurn({ ...near, dialect: { numberFormat: 'as-dialled' } }) },
      ],
    });
    const targetsTo = async (endpoint: Endpoint): Promise<string[]> =>
      (await from.targets([endpoint], undefined)).map(({ address, invite }) => `${address} ${invite.target}`);
    expect(await targetsTo({ kind: 'pattern', digits: '201', pattern: '2XX' })).toEqual([
      '201 sip:201@near.example:5070',
    ]);
    expect(await targetsTo({ kind: 'pattern', digits: '9123', pattern: '9.' })).toEqual([
      '9123 sip:00123@near.example:5070',
    ]);
    expect(await targetsTo(number)).toEqual(['+12025550100 sip:2025550100@near.example:5070']);
    expect(await targetsTo({ kind: 'pattern', digits: '988', pattern: '988' })).toEqual([]);
  });

  it('are refused all together where each has as many calls as it takes, and passed over where one has', async () => {
    const full = { isFull: true, take: () => undefined };
    const busy = { ...near, load: full };
    await expect(routes({ trunks: [busy] }).locate(number)).rejects.toMatchObject({
      code: 'trunk_full',
      kind: 'unavailable',
      details: { reason: 'trunk-full' },
    });
    expect(await routes({ trunks: [busy, far] }).locate(number)).toBeDefined();
  });
});

describe('a caller who does not want to be shown', () => {
  it('is anonymous to a phone and to a trunk', async () => {
    const from = routes();
    for (const endpoint of [
      { kind: 'registered', account: 'alice' },
      { kind: 'number', number: '+12025550100' },
    ] as const) {
      const [target] = await from.targets([endpoint], 'anonymous');
      expect(target?.invite).toMatchObject({
        from: { uri: 'sip:anonymous@anonymous.invalid' },
        headers: [['privacy', 'id']],
      });
    }
  });
});

describe('a phone that is to answer by itself', () => {
  const uri = 'sip:200@10.0.0.5';
  const from = routes({ answeringPhones: new Set([uri]) });
  const asked = async (answer?: 'automatic' | 'manual' | 'as-configured', address = uri): Promise<string[]> => {
    const branches = await from.branches([{ kind: 'address', uri: address }], { shown: '201', answer });
    return (branches[0]?.[0]?.invite.headers ?? []).map(([name]) => name);
  };

  it('is asked in every way that phones know: where it is configured so, or the call wants it', async () => {
    expect(await asked('as-configured')).toEqual(['call-info', 'alert-info', 'answer-mode']);
    expect(await asked('automatic', 'sip:201@10.0.0.5')).toHaveLength(3);
    expect(await asked('as-configured', 'sip:201@10.0.0.5')).toEqual([]);
  });

  it('is not asked where the call wants it to ring, and never as the destination', async () => {
    expect(await asked('manual')).toEqual([]);
    expect(await asked()).toEqual([]);
  });
});
