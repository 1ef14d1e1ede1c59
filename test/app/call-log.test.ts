import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { logEnd, logEnds } from '../../src/app/call-log.ts';
import type { Requester } from '../../src/calls/call-command.ts';
import type { Verdict } from '../../src/calls/call-engine.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../support/call-world.ts';
import { RecordedLog } from '../support/recorded-log.ts';
import { cause } from '../support/scripted-engine.ts';

let world: CallWorld;
let demo: Requester;
let log: RecordedLog;

beforeEach(async () => {
  world = await createCallWorld();
  demo = await world.addUser('demo', { extension: '100' });
  await world.addUser('alice', { extension: '201' });
  log = new RecordedLog();
  logEnds(world.calls, log);
});

afterEach(() => world.close());

const place = async (number = '+12025550104', requester = demo): Promise<string> =>
  (await world.calls.place({ number }, requester)).tokenCall;

const busy: Verdict = {
  ...{ by: 'failure', leg: 'callee', failure: 'response' },
  cause: { sipStatus: 486, q850Cause: 17, reason: 'busy' },
};

describe('the line of a call that is over', () => {
  it('says how and why it ended, and what became of each leg, once the last one is gone', async () => {
    const origin = { requestId: 'request-1', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' };
    const tokenCall = await place('+12025550104', { ...demo, origin });
    const { last } = world.engine;
    last.answer('caller');
    world.clock.advance(1000);
    last.tell({ type: 'leg-calling', leg: 'callee', address: '+12025550104', trunk: 'first' });
    last.tell({ type: 'leg-calling', leg: 'callee', address: '+12025550104', trunk: 'second' });
    last.tell({ type: 'leg-ringing', leg: 'callee', sipStatus: 180 });
    world.clock.advance(2500);
    last.tell({ type: 'over', verdict: busy });
    last.tell({ type: 'leg-ended', leg: 'callee', cause: busy.cause });
    await settleJournal(world, tokenCall);
    expect(log.lines).toEqual([]);
    last.tell({ type: 'leg-ended', leg: 'caller', cause: { sipStatus: 200, q850Cause: 17, reason: 'busy' } });
    await settleJournal(world, tokenCall);
    expect(log.lines).toEqual([
      {
        level: 'info',
        message: 'call ended',
        fields: {
          ...{ token_call: tokenCall, user: 'demo', client: 'demo-app', number: '+1202555****' },
          ...{ outcome: 'busy', ended_by: 'callee', ended_leg: 'callee', total_ms: 3500, trunk: 'second' },
          caller: { reached: 'answered', sip_status: 200, q850_cause: 17, reason: 'busy', ring_ms: 0 },
          callee: { reached: 'ringing', sip_status: 486, q850_cause: 17, reason: 'busy', ring_ms: 2500 },
          ...{ request_id: 'request-1', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' },
        },
      },
    ]);
  });

  it('measures the talk, and shows an extension whole', async () => {
    const tokenCall = await place('201');
    world.engine.last.connect();
    world.clock.advance(61_000);
    world.engine.last.finish({
      by: 'hangup',
      leg: 'caller',
      cause: { sipStatus: 200, q850Cause: 16, reason: 'hangup' },
    });
    await settleJournal(world, tokenCall);
    expect(log.lines).toHaveLength(1);
    const { fields } = log.lines[0]!;
    expect(fields).toMatchObject({ number: '201', outcome: 'completed', ended_by: 'caller', talk_ms: 61_000 });
    expect(Object.keys(fields)).not.toContain('trunk');
    expect(Object.keys(fields)).not.toContain('test');
    expect(Object.keys(fields)).not.toContain('request_id');
  });

  it('comes at once for a call that never rang anywhere, and tells that nothing was called', async () => {
    const tokenCall = await place();
    world.engine.last.tell({
      ...{ type: 'over' },
      verdict: { by: 'failure', leg: 'caller', failure: 'unreachable', cause: cause(null, 'unreachable') },
    });
    await settleJournal(world, tokenCall);
    expect(log.lines.map(({ fields }) => fields)).toMatchObject([
      {
        ...{ outcome: 'unreachable', ended_by: 'system', ended_leg: 'caller' },
        caller: { reason: 'unreachable' },
        callee: { reached: 'nothing' },
      },
    ]);
  });

  it('says of a test call that it is one', async () => {
    const script = { steps: [], lastsMs: 0, between: 'silence' } as const;
    const { tokenCall, result } = await world.calls.placeTest({ number: '+12025550104', script }, demo);
    await settleJournal(world, tokenCall);
    world.engine.tests[0]!.complete();
    await result;
    expect(log.lines.map(({ fields }) => fields)).toMatchObject([{ token_call: tokenCall, test: true }]);
  });

  it('comes for each call that a crash left open, from the journal alone', async () => {
    const tokenCall = await place();
    world.engine.last.answer('caller');
    await settleJournal(world, tokenCall);
    for (const call of await world.serve('node-2').recover()) logEnd(log, call);
    expect(log.lines.map(({ fields }) => fields)).toMatchObject([
      { token_call: tokenCall, outcome: 'lost', caller: { reached: 'answered', reason: 'lost' } },
    ]);
  });
});
