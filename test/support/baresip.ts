import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface BaresipOptions {
  readonly account: string;
  readonly password: string;
  /** Where the registrar listens. */
  readonly registrarPort: number;
  readonly transport?: 'udp' | 'tcp';
  /** `auto` answers at once, `manual` when `accept` is commanded. */
  readonly answerMode?: 'auto' | 'manual';
  /** What it says: a WAV file of 8000 Hz; a tone of 440 Hz by default. */
  readonly wav?: string;
}

/** What baresip told of, such as `REGISTER_OK` or `CALL_ESTABLISHED`. */
export interface BaresipEvent {
  readonly type: string;
  readonly param?: string;
}

/** A real phone. Its media are a tone; what it hears goes nowhere. */
export interface Baresip {
  readonly sipPort: number;
  /** Its RTP ports, and the RTCP ports between them. */
  readonly rtpPorts: { readonly from: number; readonly to: number };
  /** Resolves with the next event of these types, one that has come and was not waited for included. */
  event(...types: readonly string[]): Promise<BaresipEvent>;
  command(name: string, parameters?: string): void;
  /** Ends it as its user does: it hangs up and unregisters. */
  quit(): Promise<void>;
  /** Ends it without a word on the wire. */
  kill(): Promise<void>;
}

const MODULES = '/usr/lib/baresip/modules';
const PORTS_PER_PHONE = 24;
const START_LIMIT_MS = 5000;
const EVENT_LIMIT_MS = 8000;
const TONE_SECONDS = 30;

/** Below the range from which the kernel gives ports, and another place in each process. */
let nextPort = 30_200 + (process.pid % 10) * 250;

interface Ports {
  /** The port above it is taken as well, for TLS. */
  readonly sip: number;
  readonly control: number;
  readonly rtp: { readonly from: number; readonly to: number };
}

const takePorts = (): Ports => {
  const first = (nextPort += PORTS_PER_PHONE);
  return { sip: first, control: first + 2, rtp: { from: first + 4, to: first + 23 } };
};

const configOf = ({ sip, control, rtp }: Ports, directory: string): string => `
poll_method epoll
sip_listen 127.0.0.1:${sip}
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 4
audio_source aufile,${directory}/tone.wav
audio_player aubridge,${sip}
audio_alert aubridge,${sip}-alert
ausrc_srate 8000
auplay_srate 8000
rtp_ports ${rtp.from}-${rtp.to}
rtcp_mux no
module_path ${MODULES}
module g711.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${control}
`;

const accountOf = (options: BaresipOptions): string => {
  const { account, password, registrarPort, transport = 'udp', answerMode = 'auto' } = options;
  const address = `<sip:${account}@127.0.0.1:${registrarPort};transport=${transport}>`;
  return `${address};auth_user=${account};auth_pass=${password};answermode=${answerMode};regint=60`;
};

/** PCM at 8000 Hz: 440 Hz. */
const toneWav = (): Buffer => {
  const samples = Int16Array.from(
    { length: TONE_SECONDS * 8000 },
    (_, n) => 8000 * Math.sin((n * 440 * 2 * Math.PI) / 8000),
  );
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
};

/** Starts Debian's baresip on loopback, without hardware; it registers by itself. */
export const startBaresip = async (options: BaresipOptions): Promise<Baresip> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-baresip-'));
  const ports = takePorts();
  await writeFile(join(directory, 'tone.wav'), options.wav === undefined ? toneWav() : await readFile(options.wav));
  await writeFile(join(directory, 'config'), configOf(ports, directory));
  await writeFile(join(directory, 'accounts'), '');
  await writeFile(join(directory, 'contacts'), '');
  const child = spawn('baresip', ['-f', directory], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const control = await openControl(ports.control);
  // Only now, so that no event of the registration is missed.
  control.send('uanew', accountOf(options));
  const end = async (): Promise<void> => {
    await exited;
    control.close();
    await rm(directory, { recursive: true, force: true });
  };
  return {
    sipPort: ports.sip,
    rtpPorts: ports.rtp,
    event: (...types) => control.event(types),
    command: (name, parameters) => control.send(name, parameters),
    quit: () => {
      control.send('quit');
      return end();
    },
    kill: () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      return end();
    },
  };
};

const openControl = async (port: number): Promise<Control> => {
  const end = Date.now() + START_LIMIT_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return new Control(socket);
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(50);
    }
  }
};

/** The control connection: JSON in netstrings (module ctrl_tcp). */
class Control {
  readonly #socket: Socket;
  readonly #events: BaresipEvent[] = [];
  #received = '';
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => undefined);
  }

  send(command: string, parameters = ''): void {
    const text = JSON.stringify({ command, params: parameters, token: '' });
    this.#socket.write(`${Buffer.byteLength(text)}:${text},`);
  }

  async event(types: readonly string[]): Promise<BaresipEvent> {
    const end = Date.now() + EVENT_LIMIT_MS;
    for (;;) {
      const index = this.#events.findIndex(({ type }) => types.includes(type));
      const [event] = index === -1 ? [] : this.#events.splice(0, index + 1).slice(-1);
      if (event !== undefined) return event;
      if (Date.now() > end) throw new Error(`baresip did not tell of ${types.join(' or ')}`);
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), pause(200)]);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#received += chunk;
    for (;;) {
      const colon = this.#received.indexOf(':');
      const length = Number(this.#received.slice(0, colon));
      if (colon === -1 || this.#received.length < colon + 1 + length + 1) break;
      const message = JSON.parse(this.#received.slice(colon + 1, colon + 1 + length)) as {
        event?: boolean;
      } & BaresipEvent;
      this.#received = this.#received.slice(colon + length + 2);
      if (message.event === true) this.#events.push(message);
    }
    this.#wake();
  }
}
