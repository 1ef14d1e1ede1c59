import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorize } from '../../support/authorize.ts';
import { startCapture } from '../../support/capture.ts';
import { JobClient, type SeenRun } from '../../support/job-client.ts';
import { pcapOf, toneOf } from '../../support/pcap.ts';
import { type Sipp, startSipp } from '../../support/sipp.ts';
import { type StartedService, startService } from '../../support/start-service.ts';
import {
  isHungUp,
  isInvited,
  pause,
  plays,
  pressesByInfo,
  refuses,
  rings,
  scenarioOf,
  sendsEarlyMedia,
  type Step,
  takesCall,
} from '../steps.ts';

/*
 * The test phone against sipp, which plays captured audio, echoes, presses keys and refuses: none of its packets is ours.
 */

const OUR_RTP = { from: 28_000 + (process.pid % 50) * 40, to: 28_039 + (process.pid % 50) * 40 };
const LATE_MS = 2000;

let directory: string;
let service: StartedService;
let jobs: JobClient;
const sipps: Sipp[] = [];

const farEnds = (): Readonly<Record<string, { steps: readonly Step[]; extra?: readonly string[] }>> => {
  const tone = join(directory, 'tone.pcap');
  const key = (digit: string): string => `/usr/share/sip-tester/dtmf_2833_${digit}.pcap`;
  return {
    echo: { steps: [...takesCall, ...isHungUp], extra: ['-rtp_echo'] },
    tone: { steps: [...takesCall, ...plays(tone, 0), ...isHungUp] },
    events: { steps: [...takesCall, pause(300), ...plays(key('5'), 800), ...plays(key('7'), 0), ...isHungUp] },
    info: { steps: [...takesCall, ...pressesByInfo('4', 1), ...pressesByInfo('#', 2), ...isHungUp] },
    late: { steps: [isInvited, sendsEarlyMedia, ...plays(tone, LATE_MS), ...takesCall.slice(2), ...isHungUp] },
    busy: { steps: [isInvited, rings, ...refuses('486 Busy Here')] },
    declined: { steps: [isInvited, ...refuses('603 Decline')] },
    silent: { steps: [...takesCall, ...isHungUp] },
  };
};

const numberOf = (index: number): string => `+1202555013${index}`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offhook-test-calls-'));
  await writeFile(join(directory, 'tone.pcap'), pcapOf(toneOf(1004, 8)));
  const trunks: object[] = [];
  const routes: object[] = [];
  for (const [index, [name, { steps, extra }]] of Object.entries(farEnds()).entries()) {
    const sipp = await startSipp({ scenario: scenarioOf(steps), ...(extra !== undefined && { extra }) });
    sipps.push(sipp);
    trunks.push({ name, uri: `sip:127.0.0.1:${sipp.port}`, caller_id: '+12025550199' });
    routes.push({ prefix: numberOf(index), trunks: [name] });
  }
  service = await startService({
    env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn', OFFHOOK_RTP: `127.0.0.1:${OUR_RTP.from}-${OUR_RTP.to}` },
    settings: { trunks, routes },
  });
  jobs = new JobClient(service.baseUrl, await authorize(service.baseUrl));
}, 60_000);

afterAll(async () => {
  await service.stop();
  await Promise.all(sipps.map((sipp) => sipp.kill()));
  await rm(directory, { recursive: true, force: true });
}, 60_000);

const scripts: Readonly<Record<string, object>> = {
  echo: { expect: { audio: 'echo', talk_seconds_at_least: 4 }, steps: [{ dtmf: '12' }] },
  tone: { expect: { audio: 'tone', tone_hz: 1004, talk_seconds_at_least: 4 } },
  // sipp plays a key to its end before it listens for a BYE.
  events: { expect: { talk_seconds_at_least: 6 }, steps: [{ expect_dtmf: '57' }] },
  info: { steps: [{ expect_dtmf: '4#' }] },
  late: { expect: { ringback: 'network', audio: 'tone', talk_seconds_at_least: 3 } },
  busy: { expect: { outcome: 'busy', sip_status: 486 } },
  declined: { expect: { outcome: 'declined', sip_status: 603 } },
  silent: { expect: { ringback: 'none', talk_seconds_at_least: 1 } },
};

describe('test calls to sipp', () => {
  it('are judged right, and carry audio and keys both ways', async () => {
    const capture = await startCapture([OUR_RTP]);
    const names = Object.keys(farEnds());
    const runs = await jobs.run(
      'sipp',
      names.map((name, index) => ({ name, number: numberOf(index), ...scripts[name] })),
    );
    const packets = await capture.stop();
    const failed = runs.filter(({ status }) => status !== 'Pass');
    expect(
      failed.map(({ script, status, reason, digits, expectations, heard }) => ({
        script,
        status,
        reason,
        digits,
        expectations,
        heard,
      })),
    ).toEqual([]);
    const run = (name: string): SeenRun | undefined => runs.find(({ script }) => script === name);
    expect(Math.abs((run('tone')?.heard?.tone_hz ?? 0) - 1004)).toBeLessThan(2);
    expect([run('events')?.digits, run('info')?.digits]).toEqual(['57', '4#']);
    const isOurs = (port: number): boolean => port >= OUR_RTP.from && port <= OUR_RTP.to;
    const sent = packets.filter(({ from }) => isOurs(from));
    const received = packets.filter(({ to }) => isOurs(to));
    // Two keys of eight packets and two more ends; sipp sends them back.
    expect(sent.filter(({ payloadType }) => payloadType === 101)).toHaveLength(20);
    expect(sent.filter(({ payloadType }) => payloadType === 0).length).toBeGreaterThan(100);
    expect(received.filter(({ payloadType }) => payloadType === 0).length).toBeGreaterThan(100);
    const reports = await Promise.all(sipps.map((sipp) => sipp.finished(5000)));
    expect(reports.map(({ exitCode, errors }) => ({ exitCode, errors }))).toEqual(
      names.map(() => ({ exitCode: 0, errors: '' })),
    );
  }, 90_000);
});
