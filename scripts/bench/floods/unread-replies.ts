import { keepOpen, type Stop } from './sockets.ts';

const CONNECTIONS = 200;
const REQUESTS = 1000;

const requests = Buffer.from('GET /rest/call HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(REQUESTS));

/** 200 connections that ask as long as the service reads, and never read a reply. */
export const start = (port: number): Stop =>
  keepOpen({
    port,
    connections: CONNECTIONS,
    begin: (socket) => {
      socket.pause();
      const ask = (): void => {
        while (!socket.destroyed && socket.write(requests));
      };
      socket.on('drain', ask);
      ask();
      return () => undefined;
    },
  });
