import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP, isIPv6 } from 'node:net';
import type { IdSource } from '../shared/ids.ts';
import { NoMediaPortError } from './errors.ts';

/** Where media is sent to or comes from: an IP literal and a UDP port, as SDP gives them. */
export interface MediaAddress {
  readonly address: string;
  readonly port: number;
}

/** Both ends belong to it. RTP takes the even ports (RFC 3550 section 11). */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Where to bind, and with what luck. */
export interface MediaBinding {
  /** An IP literal. */
  readonly host: string;
  /** 0, the default, leaves the choice to the system. */
  readonly port?: number | PortRange;
  readonly ids: IdSource;
}

/**
 * Binds a UDP socket.
 * @throws NoMediaPortError when nothing in the range is free
 */
export const bindUdpSocket = async (binding: MediaBinding, recvBufferSize?: number): Promise<Socket> => {
  let cause: unknown;
  for (const port of candidatePorts(binding)) {
    try {
      return await bind(binding.host, port, recvBufferSize);
    } catch (error) {
      if (!isPortTaken(error)) throw new NoMediaPortError(error);
      cause = error;
    }
  }
  throw new NoMediaPortError(cause);
};

/** Unspecified addresses are an old way to say hold (RFC 3264 section 8.4); port 0 refuses the stream (section 6). */
export const isSendable = ({ address, port }: MediaAddress): boolean =>
  isIP(address) !== 0 &&
  address !== '0.0.0.0' &&
  address !== '::' &&
  Number.isInteger(port) &&
  port > 0 &&
  port < 65_536;

const isPortTaken = (error: unknown): boolean =>
  ['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');

/** The even ports of a range, once each, from a random one on: a busy range is not searched from its start. */
function* candidatePorts({ port = 0, ids }: MediaBinding): Generator<number> {
  if (typeof port === 'number') {
    yield port;
    return;
  }
  const first = port.from + (port.from % 2);
  const count = Math.max(0, Math.floor((port.to - first) / 2) + 1);
  const offset = Buffer.from(ids.random(32), 'base64url').readUInt32BE(0);
  for (let step = 0; step < count; step += 1) yield first + 2 * ((offset + step) % count);
}

const bind = async (host: string, port: number, recvBufferSize: number | undefined): Promise<Socket> => {
  const family = isIPv6(host) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    // Every address is a literal. Without a resolver a packet leaves in the turn of its send.
    lookup: (address, _options, callback) => callback(null, address, family),
    ...(recvBufferSize === undefined ? {} : { recvBufferSize }),
  });
  const listening = once(socket, 'listening');
  try {
    socket.bind({ address: host, port, exclusive: true });
    await listening;
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
};
