// Loaded into the service by `node --import`: how long its event loop stood still at the most. SIGUSR2 asks for it, and
// begins anew; the answer is a line on standard error. A worker inherits the option, and is let alone.
import { openSync, readSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 5;

if (isMainThread) {
  // Nanoseconds that the thread ran, and that it waited for a processor which others had (Linux, proc(5)).
  const schedule = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  const bytes = Buffer.alloc(80);
  const waitedMs = () => Number(bytes.toString('latin1', 0, readSync(schedule, bytes, 0, 80, 0)).split(' ')[1]) / 1e6;

  let last = { at: performance.now(), waited: waitedMs() };
  let longest = { own: 0, whole: 0 };
  const look = () => {
    const next = { at: performance.now(), waited: waitedMs() };
    const whole = Math.max(0, next.at - last.at - EVERY_MS);
    const own = Math.max(0, whole - (next.waited - last.waited));
    longest = { own: Math.max(longest.own, own), whole: Math.max(longest.whole, whole) };
    last = next;
  };
  setInterval(look, EVERY_MS).unref();
  process.on('SIGUSR2', () => {
    look(); // a silence that has just ended is known before its interval is
    process.stderr.write(`longest silence ${longest.own.toFixed(1)} of ${longest.whole.toFixed(1)} ms\n`);
    longest = { own: 0, whole: 0 };
  });
}
