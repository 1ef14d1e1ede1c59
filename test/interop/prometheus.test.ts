import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { becomes, FaultStage } from '../support/fault-stage.ts';
import { freePort } from '../support/free-port.ts';

const run = promisify(execFile);
const RULES = new URL('../../docs/operate/alerts.yml', import.meta.url).pathname;
const EXAMPLE = new URL('../../docs/operate/prometheus.yml', import.meta.url).pathname;
const DASHBOARD = new URL('../../docs/operate/dashboard.json', import.meta.url).pathname;
const LIMIT_MS = 30_000;

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

let directory: string;
let stage: FaultStage;
let metricsPort: number;
let prometheus: ChildProcess;
let address: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offhook-prometheus-'));
  metricsPort = await freePort();
  stage = await FaultStage.open({ env: { OFFHOOK_METRICS_LISTEN: `127.0.0.1:${metricsPort}` } });
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  const settings = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'offhook', static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }] }],
  };
  // JSON is YAML.
  await writeFile(join(directory, 'prometheus.yml'), JSON.stringify(settings));
  prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  await once(prometheus, 'spawn');
}, 60_000);

afterAll(async () => {
  if (prometheus.exitCode === null && prometheus.signalCode === null) {
    prometheus.kill('SIGKILL');
    await once(prometheus, 'exit');
  }
  await stage.close();
  await rm(directory, { recursive: true, force: true });
}, 30_000);

interface Reply {
  readonly status: string;
  readonly data: { readonly result: readonly Sample[] };
}

const query = async (expression: string): Promise<Reply> =>
  (await (await fetch(`${address}/api/v1/query?query=${encodeURIComponent(expression)}`)).json()) as Reply;

/** The value of an expression that has one; undefined before it was scraped. */
const valueOf = async (expression: string): Promise<number | undefined> => {
  const reply = await query(expression).catch(() => undefined);
  const [sample] = reply?.data.result ?? [];
  return sample === undefined ? undefined : Number(sample.value[1]);
};

describe('a real Prometheus', () => {
  it('finds nothing to complain of in the format, the rules and the configuration', async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    await writeFile(join(directory, 'metrics.txt'), text);
    const check = `promtool check metrics < ${join(directory, 'metrics.txt')}`;
    // Of names that are not ours, those of the runtime, it has opinions.
    const { stdout, stderr } = await run('sh', ['-c', `${check} || true`]);
    expect(`${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('offhook_'))).toEqual([]);
    await run('promtool', ['check', 'rules', RULES]);
    await run('promtool', ['check', 'config', EXAMPLE]);
    await run('promtool', ['check', 'config', join(directory, 'prometheus.yml')]);
  });

  it('reads the service as a target that is up, and what became of calls', async () => {
    const tokens = [await stage.place(), await stage.place(), await stage.place()];
    for (const token of tokens) await stage.rest.until(token, ({ state }) => state === 'connected');
    const connected = 'offhook_calls_ongoing{job="offhook",state="connected"}';
    expect(await becomes(async () => (await valueOf(connected)) === 3, LIMIT_MS)).toBe(true);
    for (const token of tokens) await stage.rest.stop(token);
    const ended = 'offhook_calls_ended_total{outcome="completed",ended_by="user"}';
    expect(await becomes(async () => (await valueOf(ended)) === 3, LIMIT_MS)).toBe(true);
    expect(await valueOf('up{job="offhook"}')).toBe(1);
    expect(await valueOf('offhook_sip_responses_total{trunk="carrier",class="2xx"}')).toBe(3);
    expect(await valueOf('offhook_sip_responses_total{trunk="phones",class="2xx"}')).toBe(3);
  }, 90_000);

  it('knows every metric that the rules and the dashboard ask for', async () => {
    const dashboard = JSON.parse(await readFile(DASHBOARD, 'utf8')) as {
      readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
    };
    const asked = dashboard.panels.flatMap(({ targets }) =>
      targets.map(({ expr }) => expr.replaceAll('$instance', '.*')),
    );
    expect(asked.length).toBeGreaterThan(15);
    for (const expression of asked)
      expect({ expression, ...(await query(expression)) }).toMatchObject({ status: 'success' });
    const everything = [...asked, await readFile(RULES, 'utf8')].join('\n');
    const names = new Set(everything.match(/\b(?:offhook|nodejs|process)_[a-z0-9_]+/g));
    const reply = await fetch(`${address}/api/v1/label/__name__/values`);
    const { data: known } = (await reply.json()) as { readonly data: readonly string[] };
    expect([...names].filter((name) => !known.includes(name))).toEqual([]);
  });

  it('raises the alert of a service that is gone', async () => {
    await stage.kill();
    const pending = async (): Promise<boolean> => (await valueOf('ALERTS{alertname="OffhookDown"}')) === 1;
    expect(await becomes(pending, LIMIT_MS)).toBe(true);
  }, 60_000);
});
