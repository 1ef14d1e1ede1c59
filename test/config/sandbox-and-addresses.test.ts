import { describe, expect, it } from '@jest/globals';
import { hostInUrl, readConfig, sipServerOf } from '../../src/config/config.ts';
import { fileOf, mistakes, outside, trunk } from './written-config.ts';

describe('the sandbox', () => {
  const sandboxOf = (variables: Record<string, string>, content: object = {}): boolean =>
    readConfig({ ...variables, OFFHOOK_CONFIG: fileOf(content) }).sandbox;

  it.each<[string, Record<string, string>, object]>([
    ['nothing is set', {}, {}],
    ['everything is loopback', { OFFHOOK_HOST: '::1', OFFHOOK_SIP_LISTEN: 'udp:[::1]:5060,tcp:127.9.9.9:5060' }, {}],
    ['the public address is loopback', { OFFHOOK_PUBLIC_URL: 'http://[::1]:8888' }, {}],
    ['the public address is a name of loopback', { OFFHOOK_PUBLIC_URL: 'http://calls.localhost:8888' }, {}],
    ['the trunk is loopback', {}, trunk('sip:127.0.0.1:15062;transport=udp')],
    ['only a phone is outside', {}, { phones: [{ user: 'demo', address: 'sip:200@192.0.2.1' }] }],
  ])('is on by itself while %s', (_name, variables, content) => {
    expect(sandboxOf(variables, content)).toBe(true);
    expect(sandboxOf({ ...variables, OFFHOOK_SANDBOX: 'off' }, content)).toBe(false);
    expect(sandboxOf({ ...variables, OFFHOOK_SANDBOX: 'on' }, content)).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['OFFHOOK_HOST 0.0.0.0', { OFFHOOK_HOST: '0.0.0.0' }],
    ['OFFHOOK_HOST ::', { OFFHOOK_HOST: '[::]' }],
    ['OFFHOOK_HOST 192.0.2.7', { OFFHOOK_HOST: '127.0.0.1,192.0.2.7' }],
    ['OFFHOOK_SIP_LISTEN 192.0.2.1', { OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:5060,tcp:192.0.2.1:5060' }],
    ['OFFHOOK_SIP_LISTEN ::', { OFFHOOK_SIP_LISTEN: 'udp:[::]:5060' }],
    ['OFFHOOK_PUBLIC_URL https://calls.example.com', { OFFHOOK_PUBLIC_URL: 'https://calls.example.com' }],
  ])('is off by itself with %s, and cannot be on', (address, variables) => {
    expect(sandboxOf(variables)).toBe(false);
    expect(sandboxOf({ ...variables, OFFHOOK_SANDBOX: 'off' })).toBe(false);
    expect(mistakes({ ...variables, OFFHOOK_SANDBOX: 'on' })).toEqual([
      `OFFHOOK_SANDBOX: its passwords are well known, and ${address} is not loopback`,
    ]);
  });

  it('names every open address', () => {
    const variables = { OFFHOOK_HOST: '0.0.0.0', OFFHOOK_SIP_LISTEN: 'udp:0.0.0.0:5060', OFFHOOK_SANDBOX: 'on' };
    expect(mistakes(variables)).toHaveLength(2);
  });

  it('is off by itself with a trunk outside, and may be on beside it', () => {
    expect(sandboxOf({}, outside)).toBe(false);
    expect(sandboxOf({}, trunk('sip:[2001:db8::1]:5060'))).toBe(false);
    expect(
      sandboxOf(
        {},
        {
          trunks: [
            { name: 'in', uri: 'sip:127.0.0.1' },
            { name: 'out', uri: 'sip:192.0.2.1' },
          ],
        },
      ),
    ).toBe(false);
    expect(sandboxOf({ OFFHOOK_SANDBOX: 'on' }, outside)).toBe(true);
    expect(sandboxOf({ OFFHOOK_SANDBOX: 'off' }, outside)).toBe(false);
  });
});

describe('the address for phones', () => {
  const registrarOf = (listen: string, more: Record<string, string> = {}): string =>
    sipServerOf(readConfig({ OFFHOOK_SIP_LISTEN: listen, ...more }));

  it('is the first UDP listener, or the first at all, under the advertised name', () => {
    expect(sipServerOf(readConfig({}))).toBe('127.0.0.1:5060');
    expect(registrarOf('tcp:10.0.0.1:5070,udp:10.0.0.2:5080')).toBe('10.0.0.2:5080');
    expect(registrarOf('tcp:[2001:db8::1]:5070')).toBe('[2001:db8::1]:5070');
    expect(registrarOf('udp:0.0.0.0:5060', { OFFHOOK_SIP_ADVERTISE: 'sip.example.com' })).toBe('sip.example.com:5060');
  });

  it('is never a wildcard, which no phone can reach', () => {
    expect(registrarOf('udp:0.0.0.0:5060')).toMatch(/^(?!0\.0\.0\.0)\d+\.\d+\.\d+\.\d+:5060$/);
    expect(registrarOf('udp:[::]:5060')).not.toContain('[::]');
  });

  it('has brackets around an IPv6 address', () => {
    expect([hostInUrl('::1'), hostInUrl('127.0.0.1'), hostInUrl('localhost')]).toEqual([
      '[::1]',
      '127.0.0.1',
      'localhost',
    ]);
  });
});
