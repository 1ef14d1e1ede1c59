import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AddressGuard } from '../../../src/features/webhooks/guard/address-guard.ts';
import type { Resolve } from '../../../src/features/webhooks/guard/checked-lookup.ts';
import { WebhookSender } from '../../../src/features/webhooks/webhook-sender.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { TestReceiver } from './receiver.ts';

/** Ways to write an address that is none of the internet, as lists for testers of SSRF have them. */
const literals = [
  ...['127.0.0.1', '127.1', '127.0.1', '127.127.127.127', '0', '0.0.0.0', '2130706433', '017700000001', '0x7f000001'],
  ...[
    '0x7f.0.0.1',
    '0177.0.0.1',
    '0177.1',
    '0x7f.1',
    '127.0.0.1.',
    '00.0.0.0',
    '3232235521',
    '0xc0a80001',
    '0xA9FEA9FE',
  ],
  ...[
    '169.254.169.254',
    '2852039166',
    '025177524776',
    '0251.0376.0251.0376',
    '169.254.43518',
    '10.0.0.1',
    '10.1',
    '012.1',
  ],
  ...['172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.1', '100.64.0.1', '100.100.100.200', '100.127.255.255'],
  ...['192.0.0.1', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1'],
  ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '168.63.129.16'],
  ...['[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[0000::1]', '[::127.0.0.1]', '[::7f00:1]', '[::ffff:127.0.0.1]'],
  ...[
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::ffff:169.254.169.254]',
    '[::ffff:8.8.8.8]',
    '[::ffff:0:127.0.0.1]',
  ],
  ...['[64:ff9b::127.0.0.1]', '[64:ff9b::8.8.8.8]', '[64:ff9b:1::a00:1]', '[2002:7f00:1::]', '[2002:c0a8:1::1]'],
  ...['[fe80::1]', '[febf::1]', '[fec0::1]', '[fc00::1]', '[fd00:ec2::254]', '[fdff::1]', '[ff02::1]', '[100::1]'],
  ...[
    '[2001:db8::1]',
    '[3fff::1]',
    '[2001::1]',
    '[2001:10::1]',
    '[2001:2::1]',
    '[5f00::1]',
    '[4000::1]',
    '[::ffff:0:0]',
  ],
  ...[
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '%31%32%37.0.0.1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
  ],
];

const unwritable = [
  ...['', 'x', '/hook', '//example.com', 'ftp://example.com', 'file:///etc/passwd', 'gopher://example.com', 'data:,x'],
  ...['javascript:1', 'https://', 'https://[fe80::1%25eth0]/', 'https://[fe80::1%eth0]/', 'https://256.1.1.1/'],
  ...[
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://:pass@example.com/',
    'https://a@127.0.0.1/',
  ],
  ...[
    'https://example.com/#fragment',
    'https://example.com:99999/',
    'https://example.com:0/',
    'https://example.com:22/',
  ],
  ...['https://example.com:25/', 'https://example.com:6379/', 'https://example.com:5060/', 'http://example.com/'],
  ...['http://8.8.8.8/', 'https://exa mple.com/', `https://example.com/${'x'.repeat(3000)}`],
];

describe('a webhook is not made', () => {
  it.each(literals)('for the address %s, by https or http', (host) => {
    for (const scheme of ['https', 'http']) {
      expect(() => new AddressGuard().check(`${scheme}://${host}/hook`)).toThrow('url');
    }
  });

  it.each(unwritable)('for %p', (text) => {
    expect(() => new AddressGuard().check(text)).toThrow('url');
  });

  it('for a private address outside the networks that are allowed; within them it is, also by http', () => {
    const guard = new AddressGuard(['10.20.0.0/16', 'fd12::/16', '127.0.0.1']);
    for (const url of ['http://10.20.3.4/', 'https://10.20.3.4:8443/', 'http://[fd12::1]/', 'http://127.0.0.1:8080/']) {
      expect(guard.check(url).href).toBe(new URL(url).href);
    }
    for (const host of ['10.21.0.1', '127.0.0.2', '[fd13::1]', '[::ffff:10.20.3.4]', '[::ffff:127.0.0.1]']) {
      expect(() => guard.check(`https://${host}/`)).toThrow('url');
    }
    expect(() => guard.check('http://8.8.8.8/')).toThrow('https');
  });

  it('otherwise: addresses of the internet and names', () => {
    for (const url of [
      'https://example.com/hook?a=b',
      'https://8.8.8.8/',
      'https://[2606:4700::1111]:8443/',
      'https://xn--bcher-kva.example/',
    ]) {
      expect(new AddressGuard().check(url).href).toBe(url);
    }
  });
});

describe('at the connection', () => {
  let receiver: TestReceiver;
  let asked: string[];
  const open: WebhookSender[] = [];

  beforeEach(async () => {
    receiver = await new TestReceiver().open();
    asked = [];
  });
  afterEach(async () => {
    for (const sender of open.splice(0)) sender.close();
    await receiver.close();
  });

  const port = (): string => new URL(receiver.url).port;
  const sender = (
    answers: readonly (readonly string[])[],
    allowed: readonly string[] = [],
    ca?: string,
  ): WebhookSender => {
    let turn = 0;
    const resolve: Resolve = (host, done) => {
      asked.push(host);
      const addresses = answers[Math.min(turn, answers.length - 1)] ?? [];
      turn += 1;
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
    const guard = new AddressGuard(allowed);
    const made = new WebhookSender({
      guard,
      resolve,
      clock: systemClock,
      userAgent: 'test',
      ...(ca !== undefined && { ca }),
    });
    open.push(made);
    return made;
  };
  const send = (from: WebhookSender, url: string) => from.send({ url, headers: {}, body: '{"type":"x","data":{}}' });
  const barred = { kind: 'failed', why: 'barred', error: 'address refused' };

  it.each([
    ['a private address', ['10.0.0.1']],
    ['this machine', ['127.0.0.1']],
    ['this machine, by version 6', ['::1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['metadata', ['169.254.169.254']],
    ['an address of a link with its zone', ['fe80::1%lo']],
    ['one of the internet and a private one', ['8.8.8.8', '127.0.0.1']],
    ['a private one after many', ['8.8.8.8', '2606:4700::1111', '192.168.0.1']],
  ])('a name that leads to %s is refused', async (_what, addresses) => {
    expect(await send(sender([addresses]), `https://webhooks.example:${port()}/`)).toEqual(barred);
    expect(receiver.received).toEqual([]);
  });

  it('a literal is refused too, whatever was allowed when the webhook was made', async () => {
    for (const host of ['127.0.0.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]', 'localhost']) {
      expect(await send(sender([['127.0.0.1']]), `https://${host}:${port()}/`)).toEqual(barred);
      expect(await send(sender([['127.0.0.1']]), `http://${host}:${port()}/`)).toEqual(barred);
    }
    expect(receiver.received).toEqual([]);
  });

  it('a name is asked for once, and the connection is made to what was checked: it cannot lead elsewhere between the two', async () => {
    const rebinds = sender([['127.0.0.1'], ['10.0.0.1']], ['127.0.0.0/8']);
    expect(await send(rebinds, `http://rebinds.example:${port()}/`)).toMatchObject({ kind: 'accepted' });
    expect(asked).toEqual(['rebinds.example']);
    expect(receiver.received[0]?.headers['host']).toBe(`rebinds.example:${port()}`);

    asked = [];
    const other = sender([['8.8.8.8', '127.0.0.1'], ['127.0.0.1']]);
    expect(await send(other, `https://rebinds.example:${port()}/`)).toEqual(barred);
    expect(asked).toEqual(['rebinds.example']);
  });

  it('plain HTTP is spoken only within the networks that are allowed', async () => {
    expect(await send(sender([['8.8.8.8']], ['10.0.0.0/8']), 'http://webhooks.example/')).toEqual(barred);
  });

  it('a proxy of the environment is not used', async () => {
    const proxied: string[] = [];
    const proxy = createTcpServer((socket) => {
      proxied.push('connection');
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = `http://127.0.0.1:${portOf(proxy)}`;
    const before = { ...process.env };
    Object.assign(process.env, {
      HTTP_PROXY: address,
      http_proxy: address,
      HTTPS_PROXY: address,
      NODE_USE_ENV_PROXY: '1',
    });
    try {
      const result = await send(sender([['127.0.0.1']], ['127.0.0.0/8']), `http://webhooks.example:${port()}/`);
      expect(result).toMatchObject({ kind: 'accepted' });
    } finally {
      process.env = before;
      await new Promise((resolve) => proxy.close(resolve));
    }
    expect(proxied).toEqual([]);
  });

  it.each([
    ['talks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['switches the protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['sends endless headers', `HTTP/1.1 200 OK\r\n${'x-header: x\r\n'.repeat(5000)}`],
    ['hangs up', ''],
  ])('a peer that %s is a failure, whose words are not kept', async (_what, words) => {
    const peer = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.end(words);
    }).listen(0, '127.0.0.1');
    await once(peer, 'listening');
    const result = await send(sender([], ['127.0.0.0/8']), `http://127.0.0.1:${portOf(peer)}/`);
    expect(result).toMatchObject({ kind: 'failed', why: 'away' });
    expect(JSON.stringify(result)).not.toContain('SSH');
    await new Promise((resolve) => peer.close(resolve));
  });

  describe('by TLS', () => {
    let directory: string;
    const certificate = (name: string, days = 1): { key: string; cert: string } => {
      const [key, request, cert] = ['key', 'csr', 'pem'].map((kind) => join(directory, `${name}.${kind}`)) as [
        string,
        string,
        string,
      ];
      const run = (words: string): void => void execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
      const curve = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
      run(`req -new ${curve} -keyout ${key} -out ${request} -subj /CN=${name} -addext subjectAltName=DNS:${name}`);
      run(`x509 -req -in ${request} -signkey ${key} -days ${days} -copy_extensions copy -out ${cert}`);
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    };
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'offhook-tls-'));
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    const knock = async (pair: { key: string; cert: string }, host: string, ca?: string) => {
      const names: unknown[] = [];
      const server = createServer(pair, (request, response) => {
        names.push(request.headers.host, (request.socket as { servername?: string }).servername);
        response.writeHead(204).end();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const result = await send(sender([['127.0.0.1']], ['127.0.0.0/8'], ca), `https://${host}:${portOf(server)}/`);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      return { result, names: names.map((name) => String(name).replace(/:\d+$/, '')) };
    };

    it('the name stays the name, while the connection goes to the address that was checked', async () => {
      const pair = certificate('webhooks.example');
      const { result, names } = await knock(pair, 'webhooks.example', pair.cert);
      expect(result).toMatchObject({ kind: 'accepted', status: 204 });
      expect(names).toEqual(['webhooks.example', 'webhooks.example']);
    });

    it.each([
      ['that nobody signed', 'webhooks.example', 1, 'none', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      ['of another name', 'other.example', 1, 'own', 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['that has expired', 'webhooks.example', -1, 'own', 'CERT_HAS_EXPIRED'],
    ])('a certificate %s is refused, and nothing is sent', async (_what, name, days, trust, code) => {
      const pair = certificate(name, days);
      const { result, names } = await knock(pair, 'webhooks.example', trust === 'own' ? pair.cert : undefined);
      expect(result).toEqual({ kind: 'failed', why: 'away', error: `connection failed: ${code}` });
      expect(names).toEqual([]);
    });
  });
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
