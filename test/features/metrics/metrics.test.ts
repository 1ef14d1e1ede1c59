import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { Metrics, MetricsAddressError } from '../../../src/app/metrics.ts';
import { Shutdown } from '../../../src/app/shutdown.ts';
import { CallAdmission } from '../../../src/calls/call-admission.ts';
import { readConfig } from '../../../src/config/config.ts';
import { CallMetrics } from '../../../src/features/metrics/call-metrics.ts';
import { HttpMetrics, routeOf } from '../../../src/features/metrics/http-metrics.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../../support/call-world.ts';
import { freePort } from '../../support/free-port.ts';
import { cause } from '../../support/scripted-engine.ts';

let world: CallWorld;
let registry: Registry;

beforeEach(async () => {
  world = await createCallWorld();
  registry = new Registry();
});
afterEach(() => world.close());

/** The lines of some metrics that are not zero. */
const linesOf = async (...names: readonly string[]): Promise<readonly string[]> =>
  (await registry.metrics())
    .split('\n')
    .filter((line) => names.some((name) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)))
    .filter((line) => !line.endsWith(' 0'));

describe('the metrics of calls', () => {
  beforeEach(() => {
    new CallMetrics(registry, world.calls);
  });

  const place = async (): Promise<string> => {
    const demo = { userId: 'user-demo', username: 'demo', clientId: 'demo-app', scope: 'own' } as const;
    return (await world.calls.place({ number: '+12025550100' }, demo)).tokenCall;
  };

  it('count a call from its placing to its end, and measure set-up, ring and talk', async () => {
    await world.addUser('demo');
    const tokenCall = await place();
    const call = world.engine.last;
    call.tell({ type: 'leg-calling', leg: 'caller', address: 'sip:demo@127.0.0.1' });
    call.tell({ type: 'leg-ringing', leg: 'caller', sipStatus: 180 });
    expect(await linesOf('offhook_calls_placed_total')).toEqual(['offhook_calls_placed_total{purpose="talk"} 1']);
    await settleJournal(world, tokenCall);
    expect(await linesOf('offhook_calls_ongoing')).toEqual(['offhook_calls_ongoing{state="calling"} 1']);
    world.clock.advance(3000);
    call.tell({ type: 'leg-answered', leg: 'caller', sipStatus: 200 });
    call.tell({ type: 'leg-calling', leg: 'callee', address: 'sip:callee@127.0.0.1', trunk: 'carrier' });
    call.tell({ type: 'leg-answered', leg: 'callee', sipStatus: 200 }, { type: 'joined' });
    await settleJournal(world, tokenCall);
    world.clock.advance(60_000);
    call.finish({ by: 'hangup', leg: 'callee', cause: cause(200, 'hangup') });
    await settleJournal(world, tokenCall);
    expect(await linesOf('offhook_calls_ended_total', 'offhook_sip_responses_total', 'offhook_calls_ongoing')).toEqual([
      'offhook_calls_ended_total{purpose="talk",outcome="completed",ended_by="callee"} 1',
      'offhook_sip_responses_total{trunk="phones",class="2xx"} 1',
      'offhook_sip_responses_total{trunk="carrier",class="2xx"} 1',
    ]);
    expect(
      await linesOf('offhook_call_setup_seconds_sum', 'offhook_leg_ring_seconds_sum', 'offhook_call_talk_seconds_sum'),
    ).toEqual([
      'offhook_call_setup_seconds_sum 3',
      'offhook_leg_ring_seconds_sum{leg="caller"} 3',
      'offhook_call_talk_seconds_sum 60',
    ]);
  });

  it('count a trunk that was left for the next one, and the response of the one that refused', async () => {
    await world.addUser('demo');
    const tokenCall = await place();
    const call = world.engine.last;
    call.answer('caller');
    call.tell({ type: 'leg-calling', leg: 'callee', address: 'sip:callee@127.0.0.1', trunk: 'first' });
    call.tell({ type: 'leg-calling', leg: 'callee', address: 'sip:callee@127.0.0.2', trunk: 'second' });
    const busy = cause(486, 'busy');
    call.finish({ by: 'failure', leg: 'callee', failure: 'response', cause: busy });
    await settleJournal(world, tokenCall);
    expect(await linesOf('offhook_sip_responses_total', 'offhook_calls_ended_total')).toEqual([
      'offhook_calls_ended_total{purpose="talk",outcome="busy",ended_by="callee"} 1',
      'offhook_sip_responses_total{trunk="phones",class="2xx"} 1',
      'offhook_sip_responses_total{trunk="first",class="next"} 1',
      'offhook_sip_responses_total{trunk="second",class="4xx"} 1',
    ]);
  });
});

describe('the metrics of HTTP', () => {
  it('let no stranger choose a label', () => {
    const paths = [
      '/rest/call',
      '/rest/calls',
      '/rest/call/events',
      '/api/v1/jobs/7',
      '/restaurant',
      '/wp-login.php',
      '/',
    ];
    expect(paths.map(routeOf)).toEqual([
      ...['/rest/call', '/rest/calls', '/rest/call', '/api/v1'],
      ...['other', 'other', 'other'],
    ]);
  });

  let server: Server;
  beforeEach(async () => {
    const metrics = new HttpMetrics(registry, systemClock);
    server = createServer(
      metrics.watch((incoming, response) => {
        if (incoming.url === '/rest/call') response.writeHead(201).end();
        else if (incoming.url === '/hang') response.destroy();
        else response.writeHead(404).end();
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Resolves when the connection is over, whatever came. */
  const ask = async (method: string, path: string): Promise<void> => {
    const { port } = server.address() as AddressInfo;
    const asked = request({ port, host: '127.0.0.1', method, path, agent: false });
    asked.on('response', (response) => response.resume()).on('error', () => undefined);
    const over = new Promise((resolve) => asked.on('close', resolve));
    asked.end();
    await over;
  };

  it('count replies by address, method and class, those that were cut too', async () => {
    await ask('POST', '/rest/call');
    await ask('POST', '/rest/call');
    await ask('PROPFIND', '/secret');
    await ask('GET', '/hang');
    expect([...(await linesOf('offhook_http_replies_total'))].sort()).toEqual([
      'offhook_http_replies_total{route="/rest/call",method="POST",class="2xx"} 2',
      'offhook_http_replies_total{route="other",method="GET",class="cut"} 1',
      'offhook_http_replies_total{route="other",method="other",class="4xx"} 1',
    ]);
    expect(await linesOf('offhook_http_reply_seconds_count')).toContain(
      'offhook_http_reply_seconds_count{route="/rest/call"} 2',
    );
  });
});

describe('the metrics of a service', () => {
  const metricsOf = (): Metrics => {
    const metrics = new Metrics(systemClock);
    const { calls, stores, clock } = world;
    const admission = new CallAdmission({ clock, log: silentLog, signallingDelayMs: () => 300 });
    admission.refusal(0);
    metrics.measure({ calls, admission, stores, queueAgeMs: () => 300, steadyClock: clock });
    return metrics;
  };
  const serve = async (variables: Record<string, string>, metrics = metricsOf()): Promise<Shutdown> => {
    const shutdown = new Shutdown(silentLog);
    await metrics.serve(readConfig(variables), { shutdown, log: silentLog });
    return shutdown;
  };

  it('are read at the address of the configuration, in the format of Prometheus, and nowhere else', async () => {
    const port = await freePort();
    const metrics = metricsOf();
    const shutdown = await serve({ OFFHOOK_METRICS_LISTEN: `127.0.0.1:${port}` }, metrics);
    const at = `http://127.0.0.1:${port}`;
    const audit = metrics.watchAudit(world.stores).audit;
    const about = { userId: null, clientId: null, address: null, detail: null, at: world.clock.now() };
    await audit.append({ event: 'login.failed', ...about });
    await audit.count({ event: 'login.failed', ...about });
    metrics.committed(3, 2);
    const reply = await fetch(`${at}/metrics`);
    expect(reply.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (await reply.text()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'offhook_admission_refused_total 1',
        'offhook_overloaded 1',
        'offhook_sip_queue_seconds 0.3',
        'offhook_storage_available 1',
        'offhook_registered_flows 0',
        'offhook_audit_events_total{event="login.failed"} 2',
        'offhook_commit_units_sum 3',
        'offhook_commit_seconds_bucket{le="0.0025"} 1',
      ]),
    );
    expect(await world.stores.audit.list({ limit: 5 })).toHaveLength(2);
    expect((await fetch(`${at}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${at}/`)).status).toBe(404);
    await shutdown.run();
    await expect(fetch(`${at}/metrics`)).rejects.toThrow('fetch failed');
  });

  it('stop a start where their address is taken, and say which one it is', async () => {
    const port = await freePort();
    const first = await serve({ OFFHOOK_METRICS_LISTEN: `127.0.0.1:${port}` });
    const second = serve({ OFFHOOK_METRICS_LISTEN: `127.0.0.1:${port}` });
    await expect(second).rejects.toThrow(MetricsAddressError);
    await expect(second).rejects.toThrow(`Metrics cannot be served on 127.0.0.1:${port} (EADDRINUSE).`);
    await first.run();
  });

  it('are served nowhere unless somebody asked for them', async () => {
    const shutdown = new Shutdown(silentLog);
    const config = readConfig({ OFFHOOK_SANDBOX: 'off' });
    expect(await metricsOf().serve(config, { shutdown, log: silentLog })).toBeUndefined();
    await shutdown.run();
  });

  it('are no reason not to start in the sandbox, where something else has the usual address', async () => {
    const other = createServer().listen(9464, '127.0.0.1');
    // Taken by us or by somebody else: taken it is.
    await Promise.race([once(other, 'listening'), once(other, 'error').catch(() => undefined)]).catch(() => undefined);
    const shutdown = new Shutdown(silentLog);
    const config = readConfig({ OFFHOOK_SANDBOX: 'on' });
    expect(await metricsOf().serve(config, { shutdown, log: silentLog })).toBeUndefined();
    await shutdown.run();
    other.close();
  });
});
