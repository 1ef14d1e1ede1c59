import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { median, percentile, printTable } from './figures.ts';
import { applyLoad, type Load, type Requests } from './load.ts';

/** What is measured: requests over so many connections, in rounds. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  readonly connections: readonly Requests[];
  readonly rounds: Load[];
}

export const subject = (name: string, port: number, connections: readonly Requests[]): Subject => ({
  name,
  port,
  connections,
  rounds: [],
});

/** The same request on each of so many connections, again and again. */
export const repeated = (bytes: Buffer, connections: number): Requests[] =>
  Array.from({ length: connections }, () => ({ next: () => bytes }));

export const perSecond = ({ rounds }: Subject): number => median(rounds.map((round) => round.perSecond));

const latency = ({ rounds }: Subject, share: number): string =>
  median(rounds.map(({ latenciesMs }) => percentile(latenciesMs, share))).toFixed(2);

export interface Rounds {
  readonly count: number;
  readonly milliseconds: number;
}

/** All subjects in turn in each round, after one that warms them up: a busy moment does not hit one of them alone. */
export const measure = async (subjects: readonly Subject[], { count, milliseconds }: Rounds): Promise<void> => {
  for (const { port, connections } of subjects) await applyLoad(port, connections, milliseconds);
  for (let round = 0; round < count; round += 1) {
    for (const { port, connections, rounds } of subjects) {
      rounds.push(await applyLoad(port, connections, milliseconds));
    }
  }
};

/** Of two subjects of one run: how much of the first one's rate the second one has. */
export interface Comparison {
  readonly to: string;
  readonly pairs: readonly (readonly [Subject, Subject])[];
}

export const printSubjects = (subjects: readonly Subject[], comparisons: readonly Comparison[]): void => {
  const ratio = (mine: Subject, { pairs }: Comparison): string => {
    const base = pairs.find(([, compared]) => compared === mine)?.[0];
    return base === undefined ? '' : (perSecond(mine) / perSecond(base)).toFixed(2);
  };
  printTable([
    ['', 'requests/s', 'p50 ms', 'p99 ms', ...comparisons.map(({ to }) => `of ${to}`)],
    ...subjects.map((each) => [
      ...[each.name, Math.round(perSecond(each)), latency(each, 0.5), latency(each, 0.99)],
      ...comparisons.map((comparison) => ratio(each, comparison)),
    ]),
  ]);
};

export interface Peer {
  readonly port: number;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** As `npm start` has them; everybody who is measured has the same. */
export const nodeArguments: readonly string[] = [];

/** Starts a script of this folder that prints its port, in a process of its own. */
export const startPeer = async (script: string, ...parameters: readonly string[]): Promise<Peer> => {
  const path = new URL(script, import.meta.url).pathname;
  const child = spawn(process.execPath, [...nodeArguments, '--import', 'tsx', path, ...parameters], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const stop = async (): Promise<void> => {
    child.kill();
    await once(child, 'exit');
  };
  return { port: Number(line.toString()), pid: child.pid ?? 0, stop };
};
