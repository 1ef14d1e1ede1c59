import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { start as sipGarbage } from '../../scripts/bench/floods/sip-garbage.ts';
import { start as sipOptions } from '../../scripts/bench/floods/sip-options.ts';
import { start as sipRegisters } from '../../scripts/bench/floods/sip-registers.ts';
import { start as sipTcpConnections } from '../../scripts/bench/floods/sip-tcp-connections.ts';
import { start as strangersInvites } from '../../scripts/bench/floods/strangers-invites.ts';
import { Stage } from './stage.ts';
import { isHungUp, takesCall, takesOffer } from './steps.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ lines: 5, transport: 'tcp' });
});

afterAll(() => stage.close());

const udpFlood = { perSecond: 1000 };
const floods = {
  'noise and stray responses': (port: number) => sipGarbage(port, udpFlood),
  OPTIONS: (port: number) => sipOptions(port, udpFlood),
  REGISTERs: (port: number) => sipRegisters(port, udpFlood),
  INVITEs: (port: number) => strangersInvites(port, udpFlood),
  'connections that stay': (port: number) => sipTcpConnections(port, { connections: 1500 }),
};

it.each(Object.entries(floods))('a call is joined and ended beside a flood of %s', async (_name, start) => {
  const stop = start(stage.service.sipPort);
  const call = await stage.place({
    phone: [...takesCall, ...takesOffer, ...isHungUp],
    carrier: [...takesCall, ...isHungUp],
  });
  await call.untilState('connected');
  await call.stop();
  const { call: ended } = await call.finished();
  const { sent } = await stop();
  expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user' });
  expect(sent).toBeGreaterThan(0);
});
