import { beforeEach, describe, expect, it } from '@jest/globals';
import { TrunkHealth } from '../../../../src/engines/sip/call/trunk-health.ts';
import { TrunkProbe } from '../../../../src/engines/sip/call/trunk-probe.ts';
import { silentLog } from '../../../../src/shared/log.ts';
import { Party } from '../../../sip/session/party.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { FakeNetwork } from '../../../support/fake-network.ts';

const TRUNK = '10.0.0.3:5060';

let clock: FakeClock;
let network: FakeNetwork;
let ours: Party;
let health: TrunkHealth;

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork(clock);
  ours = new Party(network, clock, '10.0.0.1');
  health = new TrunkHealth({ trunk: 'carrier', clock, log: silentLog });
});

const start = async (everySeconds: number): Promise<TrunkProbe> => {
  const trunk = { name: 'carrier', uri: 'sip:10.0.0.3', dialect: { fromDomain: 'customers.example' } };
  const probe = new TrunkProbe({ trunk, health, userAgent: ours.agent, everySeconds, clock });
  await probe.start();
  return probe;
};

/** The trunk as a user agent that answers OPTIONS. */
const openTrunk = (): Party => new Party(network, clock, '10.0.0.3');

const questions = (): string[] =>
  network.sent.filter(({ startLine, to }) => startLine.startsWith('OPTIONS') && to === TRUNK).map(({ text }) => text);

describe('the question whether a trunk is there', () => {
  it('is not asked of one that works, unless it is configured', async () => {
    openTrunk();
    const probe = await start(0);
    await clock.advanceAsync(300_000);
    expect(questions()).toEqual([]);
    await probe.close();
  });

  it('is asked as often as is configured, in the dialect of the trunk', async () => {
    openTrunk();
    const probe = await start(60);
    await clock.advanceAsync(200_000);
    expect(questions()).toHaveLength(3);
    expect(questions()[0]).toMatch(/^From: .*@customers\.example>/m);
    expect(health.isPassedOver).toBe(false);
    await probe.close();
  });

  it('finds a trunk that is gone before a call does', async () => {
    const probe = await start(60);
    await clock.advanceAsync(100_000);
    expect(health.isPassedOver).toBe(true);
    await probe.close();
  });

  it('is asked of one that is out of service until it answers: it is passed over all the while, and not a moment longer', async () => {
    const probe = await start(0);
    health.silent();
    for (let second = 0; second < 300; second += 1) {
      await clock.advanceAsync(1000);
      expect(health.isPassedOver).toBe(true);
    }
    openTrunk();
    await clock.advanceAsync(45_000);
    expect(health.isPassedOver).toBe(false);
    const asked = questions().length;
    await clock.advanceAsync(300_000);
    expect(questions()).toHaveLength(asked);
    await probe.close();
  });

  it('leaves nothing behind when the engine ends', async () => {
    const probe = await start(60);
    await clock.advanceAsync(61_000);
    await probe.close();
    await clock.advanceAsync(400_000);
    expect(clock.pendingTimers).toBe(0);
  });
});
