import { drip, keepOpen, type Stop } from './sockets.ts';

const CONNECTIONS = 2000;
const STEP_MS = 2000;

/** 2,000 requests whose headers never end, a line in 2 seconds; each that is ended begins anew. */
export const start = (port: number): Stop =>
  keepOpen({
    port,
    connections: CONNECTIONS,
    begin: (socket) => {
      socket.resume();
      socket.write('GET /rest/call HTTP/1.1\r\nHost: localhost\r\n');
      return drip(socket, 'X-Slow: 1\r\n', STEP_MS);
    },
  });
