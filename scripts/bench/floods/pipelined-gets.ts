import { connect, type Socket } from 'node:net';

const CONNECTIONS = 50;
const PIPELINED = 5000;
const AGAIN_AFTER_MS = 100;

/** Connections that each send thousands of GETs without a token at once, and again when they are closed. */
export const start = (port: number): (() => Promise<void>) => {
  const requests = 'GET /rest/call HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(PIPELINED);
  const sockets = new Set<Socket>();
  let isStopped = false;
  const open = (): void => {
    if (isStopped) return;
    const socket = connect({ port, host: '127.0.0.1' });
    sockets.add(socket);
    socket.write(requests);
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(open, AGAIN_AFTER_MS);
    });
  };
  for (let count = 0; count < CONNECTIONS; count += 1) open();
  return () => {
    isStopped = true;
    for (const socket of sockets) socket.destroy();
    return Promise.resolve();
  };
};
