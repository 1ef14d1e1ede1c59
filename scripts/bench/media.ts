/*
 * Fifty test phones, heard and measured for ten seconds against far ends in another process: how late our frames come there, beside
 * a bare timer of this process in the same seconds; processor time; and how long it takes until all are measured.
 *
 * Shorter, by variables: PORTS=10 SECONDS=3.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnalysisThread } from '../../src/media/analysis/analysis-thread.ts';
import { TestPhoneMedia } from '../../src/media/test-phone/test-phone-media.ts';
import { silentLog } from '../../src/shared/log.ts';
import { percentile, printTable } from './figures.ts';

const PORTS = Number(process.env['PORTS'] ?? 50);
const SECONDS = Number(process.env['SECONDS'] ?? 10);
const FRAME_MS = 20;

/** A bare timer of 20 ms, as a frame of ours would be due. */
const startBareTimer = () => {
  const late: number[] = [];
  let due = performance.now() + FRAME_MS;
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    const now = performance.now();
    late.push(Math.max(0, now - due));
    due += FRAME_MS * Math.max(1, Math.ceil((now - due) / FRAME_MS));
    timer = setTimeout(tick, Math.max(0, due - performance.now()));
  };
  timer = setTimeout(tick, FRAME_MS);
  return {
    stop: (): readonly number[] => {
      clearTimeout(timer);
      return late;
    },
  };
};

const rowOf = (name: string, late: readonly number[]): readonly (string | number)[] => [
  name,
  late.length,
  ...[0.5, 0.99, 0.999, 1].map((share) => percentile(late, share).toFixed(1)),
];

const farEnd = fork(new URL('./media-far-end.mjs', import.meta.url), [String(PORTS)], { serialization: 'advanced' });
const [farPorts] = (await once(farEnd, 'message')) as [number[]];
const built = (file: string): URL => new URL(`../../dist/src/media/${file}`, import.meta.url);
const analysis = new AnalysisThread({ log: silentLog, script: built('analysis/analysis-worker.js') });
const media = new TestPhoneMedia({
  host: '127.0.0.1',
  log: silentLog,
  analysis,
  script: built('test-phone/rtp-worker.js'),
});

const ports = await Promise.all(farPorts.map(() => media.open()));
farEnd.send(ports.map(({ port }) => port));
const cpuBefore = process.cpuUsage();
const loopBefore = performance.eventLoopUtilization();
const bare = startBareTimer();
ports.forEach((port, index) => {
  port.connect({ to: { address: '127.0.0.1', port: farPorts[index] ?? 0 }, payloadType: 0 });
  port.answered();
  void port.send({ kind: 'probe' });
});
await sleep(SECONDS * 1000);
const bareLate = bare.stop();
const cpu = process.cpuUsage(cpuBefore);
const loop = performance.eventLoopUtilization(loopBefore);

const analysisFrom = performance.now();
const measured = await Promise.all(ports.map((port) => port.finish()));
const analysisMs = performance.now() - analysisFrom;
farEnd.send('report');
const [late] = (await once(farEnd, 'message')) as [number[]];

console.log(`${PORTS} test phones for ${SECONDS} s; late in ms`);
printTable([['', 'frames', 'p50', 'p99', 'p99.9', 'max'], rowOf('our frames', late), rowOf('bare timer', bareLate)]);
console.log(`processor of all threads: ${((cpu.user + cpu.system) / (SECONDS * 1e4)).toFixed(1)} % of one core`);
console.log(`main thread: busy for ${(100 * loop.utilization).toFixed(1)} %`);
console.log(`all measured after ${analysisMs.toFixed(0)} ms, ${(analysisMs / PORTS).toFixed(0)} ms for each`);
const tones = measured.filter((each) => each?.audio === 'tone' && Math.abs((each.toneHz ?? 0) - 400) <= 2).length;
const losses = measured.map((each) => each?.lossPercent ?? 100);
console.log(`${tones} of ${PORTS} heard the tone of 400 Hz; loss ${Math.max(...losses)} % at the most`);
await Promise.all([media.close(), analysis.close()]);
