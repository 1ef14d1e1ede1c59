import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ConnectionLimits, defaultLimits } from '../../src/http/connections/connection-limits.ts';
import { Connections } from '../../src/http/connections/connections.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordedLog } from '../support/recorded-log.ts';

const PUBLIC_URL = 'http://localhost:8888';
const closing: (() => void)[] = [];

let clock: FakeClock;
let log: RecordedLog;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordedLog();
});

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const serve = async (application: RequestListener, limits: Partial<ConnectionLimits> = {}): Promise<number> => {
  const connections = new Connections({ limits: { ...defaultLimits(), ...limits }, clock, log });
  const server = createServer(connections.guard(application, PUBLIC_URL));
  connections.watch(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    connections.close();
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
};

const dial = async (port: number, sent = ''): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  closing.push(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(sent);
  return socket;
};

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (length: number, body = ''): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`;

/** What comes until `wanted` is in it. */
const read = async (socket: Socket, wanted: string): Promise<string> => {
  let received = '';
  while (!received.includes(wanted)) received += String((await once(socket, 'data'))[0]);
  return received;
};

/** Answers with the path, once it is told to. */
class Held {
  readonly responses: ServerResponse[] = [];
  #arrived: () => void = () => undefined;

  readonly application: RequestListener = (request, response) => {
    this.responses.push(response);
    request.resume();
    this.#arrived();
  };

  async has(count: number): Promise<void> {
    while (this.responses.length < count) await new Promise<void>((resolve) => (this.#arrived = resolve));
  }

  answer(): void {
    for (const response of this.responses.splice(0)) response.end('late');
  }
}

const echoPath: RequestListener = (request, response) => {
  request.resume();
  setImmediate(() => response.end(`${request.url};`));
};

const echoBody: RequestListener = (request, response) => void buffer(request).then((body) => response.end(body));

describe('requests that are sent ahead', () => {
  it('are all answered, in their order', async () => {
    const port = await serve(echoPath);
    const paths = Array.from({ length: 3000 }, (_, index) => `/${index}`);
    const received = await read(await dial(port, paths.map(get).join('')), '/2999;');
    expect([...received.matchAll(/(\/\d+);/g)].map(([, path]) => path)).toEqual(paths);
  });

  it('begin when those before them have their replies', async () => {
    const held = new Held();
    const port = await serve(held.application);
    const socket = await dial(port, get(`/${'x'.repeat(300)}`).repeat(100));
    await held.has(1);
    // By its reply, all that was sent before on the other connection has been read.
    const other = await dial(port, get('/other'));
    await held.has(2);
    held.answer();
    await read(other, 'late');
    await held.has(1);
    expect(held.responses).toHaveLength(1);
    socket.destroy();
  });

  it('leave bodies whole, wherever the bytes are cut', async () => {
    const port = await serve(echoBody);
    const body = 'a\r\n\r\nb\r\n\r\n'.repeat(200);
    const requests = post(body.length, body) + post(3, 'end');
    for (const size of [1, 7, 300, 5000]) {
      const socket = await dial(port);
      const received = read(socket, 'end');
      for (let at = 0; at < requests.length; at += size) socket.write(requests.slice(at, at + size));
      expect(await received).toContain(body);
    }
  });

  it('are read on after a reply that came before the body was whole', async () => {
    const port = await serve((request, response) => void response.end(request.method));
    const socket = await dial(port, post(2000, 'a'.repeat(500)));
    await read(socket, 'POST');
    socket.write('b'.repeat(1500) + get('/next'));
    expect(await read(socket, 'GET')).toContain('200 OK');
  });

  it('end with the connection where a reply ends it', async () => {
    const port = await serve((_request, response) => void response.setHeader('Connection', 'close').end('last'));
    const socket = await dial(port, get(`/${'x'.repeat(300)}`).repeat(3));
    expect((await text(socket)).match(/last/g)).toHaveLength(1);
  });

  it('are held on so many connections, and end any further one', async () => {
    const held = new Held();
    const port = await serve(held.application, { ahead: 1 });
    const two = get(`/${'x'.repeat(300)}`).repeat(2);
    await dial(port, two);
    await held.has(1);
    expect(await text(await dial(port, two))).toBe('');
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { limit: 'pipelining connections', count: 1 } }]);
  });
});

describe('the limit on requests', () => {
  it('refuses what is over it before anything is done, and PUT last', async () => {
    const held = new Held();
    const port = await serve(held.application, { requests: 1, reservedForPut: 1 });
    await dial(port, get('/first'));
    await held.has(1);
    const refused = await read(await dial(port, get('/second')), '}');
    expect(refused).toMatch(/^HTTP\/1\.1 503 .*\r\nRetry-After: 1\r\n/s);
    const problem = JSON.parse(refused.slice(refused.indexOf('{'))) as object;
    expect(problem).toMatchObject({ type: `${PUBLIC_URL}/problems/overloaded`, status: 503, code: 'overloaded' });
    const put = 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
    const socket = await dial(port, put);
    await held.has(2);
    expect(await read(await dial(port, put), '}')).toContain(' 503 ');
    held.answer();
    await read(socket, 'late');
    expect(
      await read(
        await dial(port, get('/third')).then((next) => (void held.has(1).then(() => held.answer()), next)),
        'late',
      ),
    ).toContain(' 200 ');
  });

  it('does not count those whose body is awaited', async () => {
    const port = await serve(
      (request, response) => {
        if (request.method === 'GET') response.end('got');
      },
      { requests: 1 },
    );
    for (let each = 0; each < 5; each += 1) await dial(port, post(100, 'a'));
    expect(await read(await dial(port, get('/')), 'got')).toContain(' 200 ');
  });

  it('tells the log when it is reached and when that is over', async () => {
    const held = new Held();
    const port = await serve(held.application, { requests: 1 });
    await dial(port, get('/'));
    await held.has(1);
    for (let each = 0; each < 3; each += 1) await read(await dial(port, get('/')), '}');
    const [limit, source] = ['requests', '127.0.0.1'];
    const met = (count: number) => ({ limit, source, count, addresses: 1 });
    expect(log.lines).toEqual([{ level: 'warn', message: 'a limit of the HTTP port is met', fields: met(1) }]);
    clock.advance(120_000);
    expect(log.lines.slice(1)).toEqual([
      { level: 'warn', message: 'a limit of the HTTP port is met', fields: met(2) },
      {
        level: 'info',
        message: 'a limit of the HTTP port is met no more',
        fields: { limit, count: 3, addresses: 1, for_ms: 120_000 },
      },
    ]);
  });
});

describe('what is slow', () => {
  it('has ten seconds for a body, and longer by what it has sent', async () => {
    const held = new Held();
    const port = await serve(held.application);
    const silent = await dial(port, post(5000, 'a'));
    const steady = await dial(port, post(5000, 'a'));
    await held.has(2);
    const read5 = new Promise<void>((resolve) => {
      let bytes = 0;
      held.responses[1]?.req.on('data', (chunk: Buffer) => (bytes += chunk.length) >= 4000 && resolve());
    });
    steady.write('a'.repeat(4000));
    await read5;
    clock.advance(12_000);
    expect(await text(silent)).toMatch(/^HTTP\/1\.1 408 /);
    steady.write('a'.repeat(999));
    await once(held.responses[1]!.req, 'end');
    held.answer();
    expect(await read(steady, 'late')).toContain(' 200 ');
  });

  it('ends the oldest of too many bodies', async () => {
    const held = new Held();
    const port = await serve(held.application, { bodies: 1 });
    const first = await dial(port, post(100, 'a'));
    await held.has(1);
    await dial(port, post(100, 'a'));
    expect(await text(first)).toMatch(/^HTTP\/1\.1 408 /);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { limit: 'bodies' } }]);
  });

  it('has twenty seconds to read a reply, and longer by its size', async () => {
    const size = 32 * 1024 * 1024;
    let writing: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (writing = resolve));
    const port = await serve(
      (_request, response) => {
        response.end(Buffer.alloc(size));
        writing();
      },
      { unreadBytesPerSecond: size },
    );
    const socket = await dial(port);
    socket.pause();
    socket.write(get('/'));
    await begun;
    const closed = once(socket, 'close');
    clock.advance(21_000);
    clock.advance(2000);
    socket.resume();
    await closed;
    expect(socket.bytesRead).toBeLessThan(size);
  });

  it('has so many bytes in all that it does not read', async () => {
    let writing: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (writing = resolve));
    const port = await serve(
      (_request, response) => {
        response.end(Buffer.alloc(32 * 1024 * 1024));
        writing();
      },
      { unreadBytes: 1024 },
    );
    const socket = await dial(port);
    socket.pause();
    socket.write(get('/'));
    await begun;
    clock.advance(1000);
    socket.resume();
    await once(socket, 'close');
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { limit: 'bytes of unread replies' } }]);
  });
});

describe('the limit on connections', () => {
  it('ends what has gone longest without a request', async () => {
    const held = new Held();
    const port = await serve(held.application, { connections: 3 });
    const busy = await dial(port, get('/'));
    await held.has(1);
    const silent = await dial(port);
    const used = await dial(port, get('/'));
    await held.has(2);
    held.responses.pop()?.end('used');
    await read(used, 'used');
    const ended = text(silent);
    const newest = await dial(port, get('/'));
    expect(await ended).toBe('');
    await held.has(2);
    held.answer();
    await Promise.all([read(busy, 'late'), read(newest, 'late')]);
    used.write(get('/'));
    await held.has(1);
  });

  it('takes no more where all are being answered', async () => {
    const held = new Held();
    const port = await serve(held.application, { connections: 1 });
    const busy = await dial(port, get('/'));
    await held.has(1);
    await text(await dial(port, get('/')));
    held.answer();
    expect(await read(busy, 'late')).toContain(' 200 ');
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { limit: 'connections', count: 1 } }]);
  });

  it('leaves half of the descriptors to the rest of the service', () => {
    expect(defaultLimits().connections).toBeGreaterThan(0);
    expect(defaultLimits().connections).toBeLessThanOrEqual(16_000);
  });
});
