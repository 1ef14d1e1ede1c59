import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../test/support/sipp.ts';
import { BenchSipp } from './bench-sipp.ts';

const START_LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 100;

/** As `asterisk -V` says it; undefined where it is not installed. */
export const asteriskVersion = (): string | undefined => {
  const { status, stdout } = spawnSync('asterisk', ['-V'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
};

interface Ports {
  readonly http: number;
  readonly sip: number;
  readonly phone: number;
  readonly carrier: number;
}

const endpoint = (name: string, port: number): string => `
[${name}]
type=endpoint
transport=udp
aors=${name}
disallow=all
allow=ulaw
direct_media=yes
[${name}]
type=aor
contact=sip:127.0.0.1:${port}
`;

/** The least that it needs, and media released as ours are: what costs nothing is left as it is usually. */
const files = (directory: string, ports: Ports): Readonly<Record<string, string>> => ({
  'asterisk.conf': `[directories]
astetcdir => ${directory}
astdbdir => ${directory}
astrundir => ${directory}
astspooldir => ${directory}
astlogdir => ${directory}
[options]
verbose = 0
debug = 0
`,
  'modules.conf': '[modules]\nautoload=yes\n',
  'logger.conf': '[general]\n[logfiles]\nmessages => error\n',
  'http.conf': `[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=${ports.http}\nsessionlimit=10000\nsession_keep_alive=60000\n`,
  'ari.conf': '[general]\nenabled=yes\n[bench]\ntype=user\nread_only=no\npassword=bench\npassword_format=plain\n',
  'pjsip.conf':
    `[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:${ports.sip}\n` +
    endpoint('phone', ports.phone) +
    endpoint('carrier', ports.carrier),
  'rtp.conf': '[general]\nrtpstart=20000\nrtpend=32000\n',
  'extensions.conf': '[default]\n',
  'cdr.conf': '[general]\nenable=no\n',
});

/** Asterisk between a phone and a carrier, all of them new, spoken to by ARI. */
export class AsteriskStage {
  readonly phone: BenchSipp;
  readonly carrier: BenchSipp;
  readonly httpPort: number;
  readonly service: { readonly pid: number };
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');

  private constructor(
    child: ChildProcess,
    directory: string,
    peers: { readonly phone: BenchSipp; readonly carrier: BenchSipp; readonly httpPort: number },
  ) {
    this.#child = child;
    this.#directory = directory;
    this.service = { pid: child.pid ?? 0 };
    this.phone = peers.phone;
    this.carrier = peers.carrier;
    this.httpPort = peers.httpPort;
    process.once('exit', this.#kill);
  }

  /** @throws Error when its HTTP server has not answered within 20 seconds */
  static async open(): Promise<AsteriskStage> {
    const phone = await BenchSipp.start({ scenario: 'bridged' });
    const carrier = await BenchSipp.start({ scenario: 'bridged' });
    const directory = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
    const ports = { http: await freePort(), sip: await freePort(), phone: phone.port, carrier: carrier.port };
    await mkdir(directory, { recursive: true });
    for (const [name, text] of Object.entries(files(directory, ports))) await writeFile(join(directory, name), text);
    const child = spawn('asterisk', ['-f', '-C', join(directory, 'asterisk.conf')], { stdio: 'ignore' });
    const stage = new AsteriskStage(child, directory, { phone, carrier, httpPort: ports.http });
    const limit = performance.now() + START_LIMIT_MS;
    while (!(await stage.#answers())) {
      if (performance.now() > limit) throw new Error('Asterisk does not start');
      await pause(LOOK_EVERY_MS);
    }
    return stage;
  }

  async close(): Promise<void> {
    process.off('exit', this.#kill);
    this.#kill();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    await Promise.all([this.phone.stop(), this.carrier.stop()]);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const url = `http://127.0.0.1:${this.httpPort}/ari/endpoints/PJSIP/carrier?api_key=bench:bench`;
    return fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
