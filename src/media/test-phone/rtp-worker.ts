import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../shared/clock.ts';
import { createSystemIds } from '../../shared/ids.ts';
import { FrameTicker } from '../frame-ticker.ts';
import { bindUdpSocket } from '../udp-socket.ts';
import { HeardPort } from './heard-port.ts';
import { buffersOf } from './recorder.ts';
import type { ThreadBinding, ThreadOrder, ThreadReport } from './thread-orders.ts';

/*
 * The RTP of all test phones, on a thread of its own: the frames of fifty of them leave in time whatever the event loop of the
 * service does, and ordinary calls do not feel them.
 */

const binding = workerData as ThreadBinding;
const ids = createSystemIds();
const ports = new Map<number, HeardPort>();
const now = (): number => systemClock.elapsed();

const report = (what: ThreadReport, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(what, transfer);

const ticker = new FrameTicker({
  clock: systemClock,
  onFrame: () => {
    for (const port of ports.values()) port.tick();
  },
  onSkip: (frames) => {
    for (const port of ports.values()) port.skip(frames);
  },
});

const open = async (port: number): Promise<void> => {
  try {
    const socket = await bindUdpSocket({ ...binding, ids });
    const opened = new HeardPort({
      socket,
      ids,
      now,
      onDigit: (digit) => report({ of: 'digit', port, digit }),
      onAudio: () => report({ of: 'audio', port }),
    });
    ports.set(port, opened);
    ticker.start();
    const { address, port: bound } = socket.address();
    report({ of: 'opened', port, address, bound });
  } catch (error) {
    report({ of: 'not-opened', port, reason: error instanceof Error ? error.message : String(error) });
  }
};

const finish = (port: number): void => {
  const recording = ports.get(port)?.finish();
  ports.delete(port);
  if (ports.size === 0) ticker.stop();
  report({ of: 'finished', port, recording }, recording === undefined ? [] : buffersOf(recording));
};

parentPort?.on('message', (order: ThreadOrder) => {
  const { port } = order;
  switch (order.order) {
    case 'open':
      void open(port);
      break;
    case 'connect':
      ports.get(port)?.connect(order.peer);
      break;
    case 'answered':
      ports.get(port)?.answered();
      break;
    case 'send':
      ports.get(port)?.send(order.audio, () => report({ of: 'sent', port, ticket: order.ticket }));
      break;
    case 'finish':
      finish(port);
      break;
  }
});
