import { describe, expect, it } from '@jest/globals';
import { settingsSchema } from '../../src/config/settings.ts';

const carrier = { name: 'carrier', uri: 'sip:sip.example.com' };

const mistakesOf = (settings: object): string[] =>
  (settingsSchema.safeParse({ trunks: [carrier], ...settings }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

describe('the routes of the settings file', () => {
  it('are prefixes and patterns, with trunks by name or with when they are tried', () => {
    const { routes } = settingsSchema.parse({
      trunks: [carrier],
      routes: [
        { prefix: '+1', trunks: ['carrier'] },
        { pattern: '9.', trunks: [{ name: 'carrier', priority: 2, weight: 5 }], send: '{rest}' },
      ],
    });
    expect(routes).toEqual([
      { prefix: '+1', trunks: [{ name: 'carrier', priority: 0, weight: undefined }] },
      { pattern: '9.', send: '{rest}', trunks: [{ name: 'carrier', priority: 2, weight: 5 }] },
    ]);
  });

  it.each<[string, object, string]>([
    [
      'a route with a prefix and a pattern',
      { routes: [{ prefix: '+', pattern: '2XX', trunks: ['carrier'] }] },
      'routes.0: has either a prefix or a pattern',
    ],
    ['a route for no number', { routes: [{ trunks: ['carrier'] }] }, 'routes.0: has either a prefix or a pattern'],
    [
      'a pattern that is none',
      { routes: [{ pattern: '2.X', trunks: ['carrier'] }] },
      'routes.0.pattern: is not made of digits, *, #, X, Z, N and a . at the end, such as 2XX',
    ],
    [
      'a pattern that never matches, since an earlier route takes its numbers',
      { routes: ['2XX', '2xx'].map((pattern) => ({ pattern, trunks: ['carrier'] })) },
      'routes.1.pattern: routes[0] takes the same numbers',
    ],
    [
      'a trunk twice in a route',
      { routes: [{ prefix: '+', trunks: ['carrier', { name: 'carrier', weight: 2 }] }] },
      'routes.0.trunks: trunk "carrier" stands there twice',
    ],
    [
      'what a route cannot send',
      { routes: [{ pattern: '2XX', trunks: ['carrier'], send: '{rest}' }] },
      'routes.0.send: {rest} needs a pattern with a . at its end',
    ],
  ])('refuse %s', (_what, settings, mistake) => {
    expect(mistakesOf(settings)).toEqual([mistake]);
  });
});
