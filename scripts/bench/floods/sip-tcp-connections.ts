import { connect, type Socket } from 'node:net';

const CONNECTIONS = 10_000;
const AT_ONCE = 100;
const TICK_MS = 50;

const options = (count: number): string =>
  [
    'OPTIONS sip:100@127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK-flood-${count}`,
    'Max-Forwards: 70',
    `From: <sip:scanner@127.0.0.1>;tag=f${count}`,
    'To: <sip:100@127.0.0.1>',
    `Call-ID: flood-${count}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');

/** Connections over TCP that send one OPTIONS each and stay. */
export const start = (port: number): (() => Promise<void>) => {
  const sockets: Socket[] = [];
  const timer = setInterval(() => {
    for (let count = 0; count < AT_ONCE && sockets.length < CONNECTIONS; count += 1) {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.write(options(sockets.length));
      socket.resume();
      sockets.push(socket);
    }
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    return Promise.resolve();
  };
};
