import { afterEach, describe, expect, it } from '@jest/globals';
import { Heartbeat } from '../../src/calls/ownership/heartbeat.ts';
import { silentLog } from '../../src/shared/log.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../support/call-world.ts';

const worlds: CallWorld[] = [];

const newWorld = async (): Promise<CallWorld> => {
  const created = await createCallWorld();
  worlds.push(created);
  return created;
};

afterEach(async () => {
  for (const created of worlds.splice(0)) await created.close();
});

describe('a call that another node has taken', () => {
  it('drops what comes late of a call that another node has taken and closed, and hangs it up', async () => {
    const before = await newWorld();
    const owner = await before.addUser('demo');
    const { tokenCall } = await before.calls.place({ number: '+12025550100' }, owner);
    before.engine.onHangUp = () => undefined;
    before.engine.last.answer('caller');
    await settleJournal(before, tokenCall);
    await before.serve('node-2').recover();
    const closed = await before.stores.calls.find(tokenCall);
    before.engine.last.tell({ type: 'leg-calling', leg: 'callee', address: 'sip:x@127.0.0.1' });
    await settleJournal(before, tokenCall);
    expect(before.warnings).toEqual(['a call was taken from this process: it is hung up']);
    expect(before.engine.last.hangUps).toBe(1);
    before.engine.last.finish({ by: 'request' });
    expect(await before.calls.stop(tokenCall, owner)).toEqual(closed);
    expect(await before.stores.calls.find(tokenCall)).toEqual(closed);
    expect(before.errors).toEqual([]);
  });

  it('answers a stop with the record of the node that took the call, also when it is found only then', async () => {
    const before = await newWorld();
    const owner = await before.addUser('demo');
    const { tokenCall } = await before.calls.place({ number: '+12025550100' }, owner);
    await before.serve('node-2').recover();
    const stopped = await before.calls.stop(tokenCall, owner);
    expect(stopped).toEqual(await before.stores.calls.find(tokenCall));
    expect(stopped).toMatchObject({ outcome: 'lost', endedBy: 'system' });
  });
});

describe('a call of another node', () => {
  const carried = async () => {
    const both = await newWorld();
    const owner = await both.addUser('demo');
    const other = both.serve('node-2');
    const { tokenCall } = await both.calls.place({ number: '+12025550100' }, owner);
    return { both, owner, other, tokenCall };
  };

  it('is ended there, and its end is journalled when the stop resolves', async () => {
    const { both, owner, other, tokenCall } = await carried();
    both.router.join('node-1', both.calls);
    expect(await other.stop(tokenCall, owner)).toMatchObject({ state: 'ended', endedBy: 'user' });
    expect(both.engine.last.hangUps).toBe(1);
    expect(await both.stores.calls.find(tokenCall)).toMatchObject({ state: 'ended', owner: { nodeId: 'node-1' } });
  });

  it('is ended later where its node does not answer: the node finds the wish in the journal', async () => {
    const { both, owner, other, tokenCall } = await carried();
    await expect(other.stop(tokenCall, owner)).rejects.toMatchObject({ code: 'node_unreachable', kind: 'unavailable' });
    expect(both.engine.last.hangUps).toBe(0);
    const heartbeat = new Heartbeat({
      nodeId: 'node-1',
      nodes: both.stores.nodes,
      attend: () => both.calls.attend(),
      isCarrying: () => both.calls.isCarrying,
      clock: both.clock,
      log: silentLog,
    });
    await both.clock.advanceAsync(1000);
    expect(await settleJournal(both, tokenCall)).toMatchObject({ state: 'ended', endedBy: 'user' });
    expect(await other.stop(tokenCall, owner)).toMatchObject({ state: 'ended', endedBy: 'user' });
    heartbeat.close();
    expect(both.clock.pendingTimers).toBe(0);
  });
});
