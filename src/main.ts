import { runCommandLine } from './cli/command-line.ts';

// A terminal or a pipe that is gone takes its output along, not the calls.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.exitCode = await runCommandLine(process.argv.slice(2), {
  input: process.stdin,
  print: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY && { draw: (text: string) => void process.stderr.write(text) }),
  onInterrupt: (task) => {
    process.once('SIGINT', task);
    return () => void process.off('SIGINT', task);
  },
});
