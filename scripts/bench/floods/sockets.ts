import { connect, type Socket } from 'node:net';

/** Ends a flood: its connections are closed, and none is opened any more. */
export type Stop = () => void;

export interface FloodOptions {
  readonly port: number;
  readonly connections: number;
  /** What is done with a new connection. What it returns is run when that ends. */
  readonly begin: (socket: Socket) => Stop;
}

/** The service may refuse for a moment: a client that comes back at once is the worst one. */
const RETURN_MS = 20;

/** Keeps so many connections open, and opens a new one for each that the service ends. */
export const keepOpen = ({ port, connections, begin }: FloodOptions): Stop => {
  const open = new Set<Socket>();
  let isStopped = false;
  const dial = (): void => {
    if (isStopped) return;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    open.add(socket);
    let end: Stop | undefined;
    socket.once('connect', () => (end = begin(socket)));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      end?.();
      setTimeout(dial, RETURN_MS);
    });
  };
  for (let each = 0; each < connections; each += 1) dial();
  return () => {
    isStopped = true;
    for (const socket of open) socket.destroy();
  };
};

/** Sends the same again and again, in equal steps. */
export const drip = (socket: Socket, bytes: string, everyMs: number): Stop => {
  const timer = setInterval(() => socket.write(bytes), everyMs);
  return () => clearInterval(timer);
};
