import { authorize } from '../../support/authorize.ts';
import { JobClient, type SeenRun } from '../../support/job-client.ts';
import { lossyPlan } from '../../support/relay-plans.ts';
import { type RelayedPacket, RtpRelay } from '../../support/rtp-relay.ts';
import { freePort, startSipp } from '../../support/sipp.ts';
import { startService } from '../../support/start-service.ts';
import { answersWith, isAcknowledged, isHungUp, isInvited, scenarioOf } from '../steps.ts';
import type { RelayedCall } from './relayed-calls.ts';

export interface SeenRelayedCall {
  readonly call: RelayedCall;
  readonly injected: Injected;
  readonly heard: SeenRun['heard'];
}

/** What the relay did to the packets that could reach the test phone before the end. */
export interface Injected {
  /** Those that the plan lost, in percent. */
  readonly droppedPercent: number;
  /** Those, and what left it later than a playout buffer waits behind the fastest. */
  readonly lossPercent: number;
  readonly delayMs: number;
}

const SECONDS = 12;
const FRAME_MS = 20;
const PLAYOUT_MS = 60;

const injectedBy = (relayed: readonly RelayedPacket[], call: RelayedCall): Injected => {
  // What was sent in the last moments came when the test phone was gone.
  const packets = relayed.slice(0, relayed.length - Math.ceil(call.delayMs / FRAME_MS));
  const transits = packets.flatMap(({ mediaMs, leftMs }) => (leftMs === undefined ? [] : [leftMs - mediaMs]));
  const fastest = Math.min(...transits);
  const late = transits.filter((transit) => transit - fastest > PLAYOUT_MS).length;
  const dropped = packets.length - transits.length;
  const percentOf = (count: number): number => (100 * count) / Math.max(1, packets.length);
  return { droppedPercent: percentOf(dropped), lossPercent: percentOf(dropped + late), delayMs: call.delayMs };
};

const numberOf = (index: number): string => `+1202555${3000 + index}`;

/** Calls to sipp, which sends back what it hears through a relay; all at once. */
export const tryRelayed = async (calls: readonly RelayedCall[]): Promise<readonly SeenRelayedCall[]> => {
  const farEnds = await Promise.all(
    calls.map(async (call) => {
      const mediaPort = await freePort();
      const relay = await RtpRelay.open({ farPort: mediaPort, plan: lossyPlan(call) });
      const steps = [isInvited, answersWith({ mediaPort: String(relay.port) }), isAcknowledged, ...isHungUp];
      const sipp = await startSipp({ scenario: scenarioOf(steps), mediaPort, extra: ['-rtp_echo'] });
      return { call, relay, sipp };
    }),
  );
  const service = await startService({
    env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' },
    settings: {
      trunks: farEnds.map(({ sipp: { port } }, index) => ({
        name: `relayed-${index}`,
        uri: `sip:127.0.0.1:${port}`,
        caller_id: '+12025550199',
      })),
      routes: farEnds.map((_, index) => ({ prefix: numberOf(index), trunks: [`relayed-${index}`] })),
    },
  });
  try {
    const jobs = new JobClient(service.baseUrl, await authorize(service.baseUrl));
    const expect = { audio: 'echo', talk_seconds_at_least: SECONDS };
    const scripts = farEnds.map((_, index) => ({ name: `call ${index}`, number: numberOf(index), expect }));
    const runs = await jobs.run('relayed', scripts);
    return farEnds.map(({ call, relay }, index) => {
      const run = runs.find(({ script }) => script === `call ${index}`);
      return { call, injected: injectedBy(relay.close(), call), heard: run?.heard ?? null };
    });
  } finally {
    await Promise.all(farEnds.map(({ sipp }) => sipp.kill()));
    await service.stop();
  }
};
