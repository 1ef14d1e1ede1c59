import { describe, expect, it } from '@jest/globals';
import { publicPathOf, underPublicPath, withoutPublicPath } from '../../src/http/public-path.ts';

describe('the public path', () => {
  it.each([
    ['https://calls.example.com', ''],
    ['https://calls.example.com/', ''],
    ['https://calls.example.com/phone', '/phone'],
    ['https://calls.example.com:8443/a/b', '/a/b'],
  ])('of %s is "%s"', (publicUrl, path) => {
    expect(publicPathOf(publicUrl)).toBe(path);
  });

  it.each([
    ['/phone/rest/call?token_call=a', '/rest/call?token_call=a'],
    ['/rest/call?token_call=a', '/rest/call?token_call=a'],
    ['/phone', '/'],
    ['/phone/', '/'],
    ['/phone?a=/phone/b', '/?a=/phone/b'],
    ['/phones/rest/call', '/phones/rest/call'],
    ['/phone/phone/test', '/phone/test'],
    ['/', '/'],
    ['*', '*'],
  ])('a proxy may keep it or strip it: %s is %s', (target, own) => {
    expect(withoutPublicPath(target, '/phone')).toBe(own);
    expect(withoutPublicPath(target, '')).toBe(target);
  });

  it.each([
    ['/', '/phone/'],
    ['/auth/login?a=b', '/phone/auth/login?a=b'],
    ['/phone/auth/login', '/phone/auth/login'],
    ['/phones', '/phone/phones'],
  ])('stands before what is handed out, once: %s becomes %s', (address, handedOut) => {
    expect(underPublicPath(address, '/phone')).toBe(handedOut);
    expect(underPublicPath(address, '')).toBe(address);
  });
});
