import { drip, keepOpen, type Stop } from './sockets.ts';

const CONNECTIONS = 3000;
const LENGTH = 10_000;
const STEP_MS = 2000;

const headOf = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${LENGTH}\r\n\r\n`;

/**
 * 3,000 POSTs whose bodies drip, a byte in 2 seconds; each that is ended begins anew. Half go to the token endpoint, which reads the body
 * first, half to `/rest/call`, which answers without one that there is no token.
 */
export const start = (port: number): Stop => {
  let opened = 0;
  return keepOpen({
    port,
    connections: CONNECTIONS,
    begin: (socket) => {
      opened += 1;
      socket.resume();
      socket.write(`${headOf(opened % 2 === 0 ? '/oauth/token' : '/rest/call')}number=`);
      return drip(socket, '1', STEP_MS);
    },
  });
};
