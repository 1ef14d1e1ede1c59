/* Runs one of `floods/` until its parent says that it is enough. */
import { constants, setPriority } from 'node:os';
import type { FloodMessage } from './flood-process.ts';

/** Ends what was started. @returns figures, where a flood counts; some are at once at their end, some later */
type Stop = () => unknown;

interface Flood {
  readonly start: (port: number) => Stop | Promise<Stop>;
}

const tell = (message: FloodMessage): void => void process.send?.(message);

// A flood comes from other machines: what it costs there is not to be taken from the service.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
process.once('disconnect', () => process.exit(1));

const [name = '', port = ''] = process.argv.slice(2);
try {
  const { start } = (await import(`../floods/${name}.ts`)) as Flood;
  const stop = await start(Number(port));
  process.once('message', () => void Promise.resolve(stop()).then((figures) => tell({ type: 'stopped', figures })));
  tell({ type: 'started' });
} catch (error) {
  tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
}
