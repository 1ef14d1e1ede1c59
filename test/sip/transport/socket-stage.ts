import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../../src/shared/clock.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { silentLog } from '../../../src/shared/log.ts';
import type { SipMessage } from '../../../src/sip/message/message.ts';
import { SocketTransport, type SocketTransportOptions } from '../../../src/sip/transport/socket-transport.ts';
import type { Arrival, Hop } from '../../../src/sip/transport/transport.ts';

const LOOPBACK = '127.0.0.1';

interface Received {
  readonly message: SipMessage;
  readonly arrival: Arrival;
}

/** A queue of what came in, to wait on. */
class Inbox<Item> {
  readonly items: Item[] = [];
  readonly #waiting: (() => void)[] = [];

  add(item: Item): void {
    this.items.push(item);
    this.#waiting.splice(0).forEach((wake) => wake());
  }

  /** @returns the item of that index, once it is there */
  async at(index: number): Promise<Item> {
    while (this.items.length <= index) await new Promise<void>((wake) => this.#waiting.push(wake));
    return this.items[index] as Item;
  }
}

const opened: (() => Promise<unknown>)[] = [];

/** Closes whatever the test opened. */
export const closeAll = async (): Promise<void> => {
  await Promise.all(opened.splice(0).map((close) => close()));
};

type Opened = SocketTransport & { readonly inbox: Inbox<Received> };

/** A real transport on UDP and TCP of one free port of 127.0.0.1. */
export const openTransport = async (options: Partial<SocketTransportOptions> = {}): Promise<Opened> => {
  const listeners = (['udp', 'tcp'] as const).map((protocol) => ({ protocol, host: LOOPBACK, port: 0 }));
  const inbox = new Inbox<Received>();
  const transport = new SocketTransport({
    listeners,
    clock: systemClock,
    ids: createSystemIds(),
    log: silentLog,
    ...options,
  });
  transport.onMessage = (message, arrival) => inbox.add({ message, arrival });
  opened.push(() => transport.close());
  await transport.start();
  return Object.assign(transport, { inbox });
};

export const portOf = (transport: SocketTransport): number => transport.listeners[0]!.port;

export const hopTo = (transport: SocketTransport, protocol: Hop['protocol']): Hop => ({
  protocol,
  address: LOOPBACK,
  port: portOf(transport),
});

/** A bare UDP peer. */
export const openUdpPeer = async () => {
  const socket = createSocket('udp4');
  const inbox = new Inbox<string>();
  socket.on('message', (data) => inbox.add(data.toString()));
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  opened.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const send = (data: string | Buffer, to: SocketTransport) => socket.send(data, portOf(to), LOOPBACK);
  return { port: socket.address().port, inbox, send };
};

/** A bare TCP peer: what it received so far, as one text. */
export const openTcpPeer = async (to: SocketTransport) => {
  const socket = connect(portOf(to), LOOPBACK);
  const peer = watch(socket);
  await once(socket, 'connect');
  return peer;
};

export const watch = (socket: Socket) => {
  let text = '';
  const arrived = new Inbox<number>();
  socket.on('data', (data) => {
    text += data.toString();
    arrived.add(text.length);
  });
  socket.on('error', () => undefined);
  opened.push(() => {
    socket.destroy();
    return Promise.resolve();
  });
  const received = async (wanted: string): Promise<string> => {
    for (let chunk = 0; !text.includes(wanted); chunk += 1) await arrived.at(chunk);
    return text;
  };
  return { socket, received, closed: new Promise((resolve) => socket.once('close', resolve)) };
};

interface RequestParts {
  readonly method?: string;
  readonly via?: string;
  readonly branch?: string;
  readonly uri?: string;
  readonly extra?: readonly string[];
  readonly body?: string;
}

export const requestText = (parts: RequestParts = {}): string => {
  const { method = 'OPTIONS', branch = 'z9hG4bK-1', uri = 'sip:offhook@127.0.0.1', extra = [], body = '' } = parts;
  return [
    `${method} ${uri} SIP/2.0`,
    parts.via ?? `Via: SIP/2.0/UDP 127.0.0.1:5099;branch=${branch};rport`,
    'Max-Forwards: 70',
    'From: <sip:bob@bob.test>;tag=b9',
    'To: <sip:offhook@offhook.test>',
    'Call-ID: call-1@bob.test',
    `CSeq: 1 ${method}`,
    ...extra,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
};
