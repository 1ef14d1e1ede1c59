import { describe, expect, it } from '@jest/globals';
import type { CallPlan, Endpoint } from '../../../../src/calls/call-engine.ts';
import type { LegRole } from '../../../../src/calls/call-state.ts';
import { Routes, type RoutesOptions } from '../../../../src/engines/sip/call/routes.ts';
import type { Binding } from '../../../../src/sip/registrar/binding-store.ts';

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

const routes = (options: Partial<RoutesOptions> = {}): Routes =>
  new Routes({
    trunks: [near, far],
    routes: [],
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
        { prefix: '+3', trunks: [near] },
        { prefix: '+331', trunks: [far, near] },
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
    expect(await routes({ routes: [{ prefix: '+1', trunks: [near] }] }).locate(number)).toBeUndefined();
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
