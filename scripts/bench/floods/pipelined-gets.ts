import { keepOpen, type Stop } from './sockets.ts';

const CONNECTIONS = 50;
const REQUESTS = 5000;

const request = 'GET /rest/call HTTP/1.1\r\nHost: localhost\r\n\r\n';
const requests = Buffer.from(
  request.repeat(REQUESTS - 1) + request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
);

/**
 * 50 connections that each send 5,000 GETs of `/rest/call` without a token at once, read the replies, and begin anew. Run it in a
 * process of its own: it keeps a core busy.
 */
export const start = (port: number): Stop =>
  keepOpen({
    port,
    connections: CONNECTIONS,
    begin: (socket) => {
      socket.resume();
      socket.write(requests);
      return () => undefined;
    },
  });
