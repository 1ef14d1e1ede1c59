import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpAddressError, HttpListener, type HttpListenerOptions } from '../../src/app/http-listener.ts';
import { hostInUrl } from '../../src/config/config.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { Log } from '../../src/shared/log.ts';

const quiet = (): void => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const here: RequestListener = (_request, response) => response.end('here');

const open = async (options: Partial<HttpListenerOptions> = {}, application = here): Promise<HttpListener> => {
  const listener = await HttpListener.open({ hosts: undefined, port: 0, clock: systemClock, log, ...options });
  closing.push(() => listener.close());
  listener.serve(application, 'http://localhost:8888');
  return listener;
};

const take = async (host: string, port = 0): Promise<Server> => {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  closing.push(async () => {
    server.close();
    await once(server, 'close');
  });
  return server;
};

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const reached = (host: string, port: number): Promise<string> =>
  fetch(`http://${host}:${port}/`).then((response) => response.text());

const refusal = async (options: Partial<HttpListenerOptions>): Promise<HttpAddressError> => {
  const thrown: unknown = await open(options).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(HttpAddressError);
  return thrown as HttpAddressError;
};

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
/** A machine may have no IPv6: then there is one loopback and one wildcard. */
const loopbacks = hasIpv6 ? (['127.0.0.1', '::1'] as const) : (['127.0.0.1'] as const);

describe('the HTTP listener', () => {
  it('listens on the loopback of IPv4 by default', async () => {
    const { port } = await open();
    expect(await reached('127.0.0.1', port)).toBe('here');
  });

  it('listens on every loopback that there is by default, with one port, a free one too', async () => {
    const { port } = await open();
    for (const host of loopbacks) expect(await reached(hostInUrl(host), port)).toBe('here');
    expect(await reached('localhost', port)).toBe('here');
  });

  it('listens on each address of a list, with one port', async () => {
    const { port } = await open({ hosts: ['127.0.0.1', '127.0.0.2'] });
    expect(await reached('127.0.0.1', port)).toBe('here');
    expect(await reached('127.0.0.2', port)).toBe('here');
  });

  it('takes the wildcards that there are beside each other', async () => {
    const { port } = await open({ hosts: hasIpv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'] });
    for (const host of loopbacks) expect(await reached(hostInUrl(host), port)).toBe('here');
  });

  it('says in words which port is taken, and what to do', async () => {
    const port = portOf(await take('127.0.0.1'));
    expect((await refusal({ port })).message).toBe(
      `HTTP cannot listen on 127.0.0.1:${port}: another process has this port. Stop that one, or choose another port ` +
        'with PORT; 0 picks a free one.',
    );
  });

  it('gives back what it took where one address of the list is taken', async () => {
    const port = portOf(await take('127.0.0.2'));
    const { message } = await refusal({ hosts: ['127.0.0.1', '127.0.0.2'], port });
    expect(message).toContain(`127.0.0.2:${port}: another process`);
    await take('127.0.0.1', port);
  });

  it('is refused where another has the port on any loopback: localhost would be both', async () => {
    for (const host of loopbacks) {
      const port = portOf(await take(host));
      expect((await refusal({ port })).message).toContain(`${hostInUrl(host)}:${port}: another process`);
    }
  });

  it('says in words that an address is not of this machine', async () => {
    expect((await refusal({ hosts: ['192.0.2.1'] })).message).toContain('this machine has no such address');
  });

  it.each([
    ['headers that do not end', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    ['a body that does not end', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nnumber='],
    ['nothing at all', ''],
  ])('ends a connection with %s', async (_name, sent) => {
    const bounds = { headersMs: 50, wholeMs: 100, checkEveryMs: 20 };
    const { port } = await open({ bounds }, (incoming, response) => incoming.resume().on('end', () => response.end()));
    const socket = connect(port, '127.0.0.1');
    socket.write(sent);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('lets a reply take its time', async () => {
    let end: () => void = quiet;
    const late = new Promise<void>((resolve) => (end = resolve));
    const bounds = { headersMs: 30, wholeMs: 30, checkEveryMs: 10 };
    const { port } = await open({ bounds }, (_request, response) => void late.then(() => response.end('late')));
    const reply = reached('127.0.0.1', port);
    // A slow request on the same listener is ended meanwhile: the bounds were looked at.
    const slow = connect(port, '127.0.0.1');
    slow.write('GET / HTTP/1.1\r\n');
    await text(slow);
    end();
    expect(await reply).toBe('late');
  });
});
