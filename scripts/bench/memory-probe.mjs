// Runs inside the service that is measured: at SIGUSR2 collects garbage and writes what is left, as one line of JSON.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('SIGUSR2', () => {
  // What only finalizers held is free in the second.
  collect();
  setImmediate(() => {
    collect();
    process.stdout.write(`${JSON.stringify({ memory: process.memoryUsage() })}\n`);
  });
});
