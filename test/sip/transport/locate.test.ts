import { describe, expect, it } from '@jest/globals';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { LocateError } from '../../../src/sip/transport/errors.ts';
import { locateLiteral, Locator } from '../../../src/sip/transport/locate.ts';
import { orderServices } from '../../../src/sip/transport/order-services.ts';
import {
  cachingResolver,
  type Resolver,
  type ServiceRecord,
  systemResolver,
} from '../../../src/sip/transport/resolver.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const service = (name: string, port: number, priority = 10, weight = 0): ServiceRecord => ({
  name,
  port,
  priority,
  weight,
});

/** A zone, and the questions that were asked. */
const zone = (
  services: Record<string, readonly ServiceRecord[]>,
  addresses: Record<string, readonly string[]>,
): Resolver & { asked: string[] } => {
  const asked: string[] = [];
  return {
    asked,
    services: (name) => {
      asked.push(`SRV ${name}`);
      return Promise.resolve(services[name] ?? []);
    },
    addresses: (host) => {
      asked.push(`A ${host}`);
      return Promise.resolve(addresses[host] ?? []);
    },
  };
};

const locatorFor = (resolver: Resolver, clock = new FakeClock()) =>
  new Locator({ resolver, clock, ids: createSystemIds(), log: silentLog });

const hop = (protocol: 'udp' | 'tcp', address: string, port = 5060) => ({ protocol, address, port });

describe('locating a URI with an IP address', () => {
  it.each([
    ['sip:192.0.2.1', hop('udp', '192.0.2.1')],
    ['sip:bob@192.0.2.1:5080', hop('udp', '192.0.2.1', 5080)],
    ['sip:bob@192.0.2.1;transport=TCP', hop('tcp', '192.0.2.1')],
    ['sip:bob@[2001:db8::1]:5070;transport=udp', hop('udp', '2001:db8::1', 5070)],
    ['sip:bob@example.com;maddr=192.0.2.7', hop('udp', '192.0.2.7')],
  ])('%s needs no look-up', async (uri, expected) => {
    const resolver = zone({}, {});
    expect(locateLiteral(uri)).toEqual(expected);
    expect(await locatorFor(resolver).locate(uri)).toEqual([expected]);
    expect(resolver.asked).toEqual([]);
  });

  it('leaves a name to the DNS', () => {
    expect(locateLiteral('sip:bob@example.com')).toBeUndefined();
  });

  it.each(['sips:bob@192.0.2.1', 'sip:bob@192.0.2.1;transport=tls', 'tel:+4930123', 'nonsense'])(
    'refuses %s',
    (uri) => {
      expect(() => locateLiteral(uri)).toThrow(LocateError);
    },
  );
});

describe('locating a URI with a name', () => {
  const resolver = () =>
    zone(
      {
        '_sip._udp.example.com': [service('backup.example.com', 5062, 20), service('main.example.com', 5061, 10)],
        '_sip._tcp.example.com': [service('main.example.com', 5063)],
        '_sip._udp.closed.example': [service('', 0)],
      },
      {
        'example.com': ['192.0.2.9'],
        'plain.example': ['192.0.2.1', '2001:db8::1'],
        'main.example.com': ['192.0.2.10', '2001:db8::10'],
        'backup.example.com': ['192.0.2.20'],
        'closed.example': ['192.0.2.30'],
      },
    );

  it('asks only for addresses where the port is given', async () => {
    const dns = resolver();
    expect(await locatorFor(dns).locate('sip:example.com:5080')).toEqual([hop('udp', '192.0.2.9', 5080)]);
    expect(dns.asked).toEqual(['A example.com']);
  });

  it('takes SRV by priority, UDP before TCP', async () => {
    expect(await locatorFor(resolver()).locate('sip:bob@example.com')).toEqual([
      hop('udp', '192.0.2.10', 5061),
      hop('udp', '2001:db8::10', 5061),
      hop('udp', '192.0.2.20', 5062),
      hop('tcp', '192.0.2.10', 5063),
      hop('tcp', '2001:db8::10', 5063),
    ]);
  });

  it('asks only for the transport that the URI names', async () => {
    const dns = resolver();
    const hops = await locatorFor(dns).locate('sip:bob@example.com;transport=tcp');
    expect(hops.map(({ port }) => port)).toEqual([5063, 5063]);
    expect(dns.asked).not.toContain('SRV _sip._udp.example.com');
  });

  it('falls back to the addresses of the name itself', async () => {
    expect(await locatorFor(resolver()).locate('sip:plain.example')).toEqual([
      hop('udp', '192.0.2.1'),
      hop('udp', '2001:db8::1'),
    ]);
  });

  it('says so when there is nothing, or when the zone says that SIP is not offered', async () => {
    const locator = locatorFor(resolver());
    await expect(locator.locate('sip:nobody.example')).rejects.toThrow('No server was found for nobody.example');
    await expect(locator.locate('sip:closed.example')).rejects.toBeInstanceOf(LocateError);
  });

  it('gives up after 5 s, and leaves no timer', async () => {
    const clock = new FakeClock();
    const silent: Resolver = { services: () => new Promise(() => undefined), addresses: () => Promise.resolve([]) };
    const outcome = expect(locatorFor(silent, clock).locate('sip:example.com')).rejects.toThrow(
      'did not answer in time',
    );
    await clock.advanceAsync(5000);
    await outcome;
    await locatorFor(resolver(), clock).locate('sip:example.com');
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps the cause when the name server fails', async () => {
    const cause = new Error('SERVFAIL');
    const failing: Resolver = { services: () => Promise.reject(cause), addresses: () => Promise.reject(cause) };
    await expect(locatorFor(failing).locate('sip:example.com')).rejects.toMatchObject({ cause });
  });

  it('tries at most ten hops', async () => {
    const many = Array.from({ length: 50 }, (_, index) => `192.0.2.${index + 1}`);
    expect(await locatorFor(zone({}, { 'many.example': many })).locate('sip:many.example')).toHaveLength(10);
  });
});

describe('the order of SRV records', () => {
  it('spreads by weight within a priority (RFC 2782)', () => {
    const records = [service('light', 5060, 1, 10), service('heavy', 5060, 1, 90), service('last', 5060, 2, 1000)];
    const ids = createSystemIds();
    const first = Array.from({ length: 2000 }, () => orderServices(records, ids).map(({ name }) => name));
    expect(first.every((names) => names.length === 3 && names[2] === 'last')).toBe(true);
    const share = first.filter(([name]) => name === 'heavy').length / 2000;
    expect(share).toBeGreaterThan(0.84);
    expect(share).toBeLessThan(0.95);
  });

  it('draws every record once, also where all weights are zero', () => {
    const records = ['a', 'b', 'c'].map((name) => service(name, 5060));
    expect(
      orderServices(records, createSystemIds())
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['a', 'b', 'c']);
  });
});

describe('the resolvers', () => {
  it('asks once in 30 s for the same name, and again after a failure', async () => {
    const clock = new FakeClock();
    const dns = zone({}, { 'a.example': ['192.0.2.1'] });
    let failures = 1;
    const resolver = cachingResolver(
      { ...dns, services: () => (failures-- > 0 ? Promise.reject(new Error('SERVFAIL')) : Promise.resolve([])) },
      clock,
    );
    await Promise.all([resolver.addresses('a.example'), resolver.addresses('a.example')]);
    clock.advance(29_999);
    await resolver.addresses('a.example');
    expect(dns.asked).toEqual(['A a.example']);
    clock.advance(1);
    expect(await resolver.addresses('a.example')).toEqual(['192.0.2.1']);
    expect(dns.asked).toHaveLength(2);
    await expect(resolver.services('b.example')).rejects.toThrow('SERVFAIL');
    expect(await resolver.services('b.example')).toEqual([]);
  });

  it('finds localhost, which is in no zone', async () => {
    expect(await systemResolver.addresses('localhost')).toContain('127.0.0.1');
  });
});
