import { describe, expect, it } from '@jest/globals';
import type { EngineService } from '../../../src/engines/sip/sip-engine.ts';
import { describeCallEngine, type EngineUnderTest, type PeerConduct } from '../../contracts/call-engine.ts';
import type { Party } from '../../sip/session/party.ts';
import { expectNothingLeft, SipWorld } from '../../support/sip-world.ts';

const behave = (world: SipWorld, party: Party, conduct: PeerConduct): void => {
  party.listen((session) => {
    if (conduct.does === 'nothing') return;
    if (conduct.does === 'refuse') session.reject(conduct.status);
    else session.progress(180);
    if (conduct.does !== 'answer') return;
    world.clock.setTimer(100, () => session.accept(session.remoteSdp ?? ''));
    const { hangsUpAfterMs } = conduct;
    if (hangsUpAfterMs !== undefined) world.clock.setTimer(hangsUpAfterMs, () => session.hangUp());
  });
};

const open = async (): Promise<EngineUnderTest> => {
  const world = await SipWorld.open();
  return {
    engine: world.engine,
    plan: (caller, callee) => {
      behave(world, world.phone, caller);
      behave(world, world.carrier, callee);
      return world.plan({
        caller: [{ kind: 'address', uri: `sip:alice@10.0.0.${caller.does === 'absent' ? '99' : '2'}` }],
        ...(callee.does === 'absent' && { callee: [{ kind: 'address', uri: 'sip:bob@10.0.0.99' }] }),
      });
    },
    planTest: (callee) => {
      behave(world, world.carrier, callee);
      const { tokenCall, destinationDisplay, destinationTimeoutSeconds, callee: numbers } = world.plan();
      return {
        ...{ tokenCall, destinationDisplay, destinationTimeoutSeconds },
        callee: callee.does === 'absent' ? [{ kind: 'address', uri: 'sip:bob@10.0.0.99' }] : numbers,
        script: { steps: [], lastsMs: 3000, between: 'silence' },
      };
    },
    elapse: (milliseconds) => world.elapse(milliseconds),
    close: () => expectNothingLeft(world),
  };
};

describeCallEngine('SipCallEngine', open);

describe('starting and stopping', () => {
  const service = (name: string, said: string[], start = () => Promise.resolve()): EngineService => ({
    start: () => {
      said.push(`start ${name}`);
      return start();
    },
    close: () => Promise.resolve(void said.push(`close ${name}`)),
  });

  it('closes services in the opposite order, once', async () => {
    const said: string[] = [];
    const world = await SipWorld.started({ services: [service('a', said), service('b', said)] });
    await Promise.all([world.engine.stop(), world.engine.stop()]);
    expect(said).toEqual(['start a', 'start b', 'close b', 'close a']);
    await world.close();
  });

  it('closes what was started when one service cannot start, and tells why', async () => {
    const said: string[] = [];
    const broken = service('b', said, () => Promise.reject(new Error('EADDRINUSE')));
    const world = await SipWorld.open({ services: [service('a', said), broken] });
    await expect(world.engine.start()).rejects.toThrow('EADDRINUSE');
    expect(said.at(-1)).toBe('close a');
    await world.close();
  });

  it('does not wait for peers that are silent longer than its grace', async () => {
    const world = await SipWorld.started();
    const { notified } = await world.joined();
    world.network.faults.loss = 1;
    const stopped = world.engine.stop();
    await world.elapse(4999);
    expect(notified.at(-1)).toBe('over: request');
    await world.elapse(1);
    await stopped;
    expect(notified.slice(-2)).toEqual(['caller ended - hangup', 'callee ended - hangup']);
    expect(world.engine.ongoing).toBe(0);
    await world.close();
  });
});
