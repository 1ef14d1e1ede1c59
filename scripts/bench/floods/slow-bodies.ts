import { drip, keepOpen, type Stop } from './sockets.ts';

const CONNECTIONS = 2000;
const LENGTH = 10_000;
const STEP_MS = 2000;

const head = `POST /rest/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${LENGTH}\r\n\r\n`;

/** 2,000 POSTs to `/rest/call` whose bodies drip, a byte in 2 seconds; each that is ended begins anew. */
export const start = (port: number): Stop =>
  keepOpen({
    port,
    connections: CONNECTIONS,
    begin: (socket) => {
      socket.resume();
      socket.write(`${head}number=`);
      return drip(socket, '1', STEP_MS);
    },
  });
