import { describe, expect, it } from '@jest/globals';
import { negotiateFormat, negotiateProblem, prefersHtml } from '../../src/http/negotiate.ts';

const chrome =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';

describe('prefersHtml', () => {
  const wants = (accept: string | undefined): boolean =>
    prefersHtml({ headers: accept === undefined ? {} : { accept } });

  it.each([
    chrome,
    'text/html',
    'TEXT/HTML; charset=utf-8',
    'text/html, application/json',
    'application/json;q=0.8, text/html',
    'text/html, */*',
  ])('gives a page for "%s"', (accept) => {
    expect(wants(accept)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '*/*',
    'text/*',
    'application/json',
    'application/json, text/html;q=0.9',
    'text/html;q=0',
    'text/html;q=0.5, */*',
    'application/xhtml+xml',
    'text/html-sandboxed',
    ';;,,;q',
  ])('gives JSON for "%s"', (accept) => {
    expect(wants(accept)).toBe(false);
  });
});

describe('negotiateFormat', () => {
  it.each([
    undefined,
    '',
    '*/*',
    'application/json',
    'application/json; charset=utf-8',
    'application/*',
    'application/xml, application/json',
    'application/xml;q=0.5, */*',
    'text/xml;q=0.2, application/json;q=0.3',
    'application/json;q=high, application/xml;q=0.9',
    '*',
    'text/html, image/gif, *; q=.2, */*; q=.2',
    'text/html, application/xml;q=0.9, */*;q=0.1',
    chrome,
  ])('gives JSON for "%s"', (accept) => {
    expect(negotiateFormat(accept)).toBe('json');
  });

  it.each([
    'application/xml',
    'text/xml',
    'Application/XML ; Q=0.1',
    'text/*',
    'application/xml, */*',
    'application/json;q=0.5, text/xml;q=0.6',
    'application/json;q=0, */*',
    'application/xml, text/html;q=0.9, */*;q=0.8',
    'text/html, application/xml',
  ])('gives XML for "%s"', (accept) => {
    expect(negotiateFormat(accept)).toBe('xml');
  });

  it.each(['text/html', 'image/png, text/plain', '*/*;q=0', 'application/json;q=0', 'nonsense'])(
    'gives neither for "%s"',
    (accept) => {
      expect(negotiateFormat(accept)).toBeUndefined();
    },
  );

  it('lets the most specific range decide, whatever its weight', () => {
    expect(negotiateFormat('application/xml;q=0.1, */*;q=0.9')).toBe('json');
    expect(negotiateFormat('*/*;q=0.1, application/json;q=0, text/xml;q=0')).toBe('xml');
  });
});

describe('negotiateProblem', () => {
  it.each([
    [undefined, 'json'],
    ['image/png', 'json'],
    ['application/problem+json, application/problem+xml;q=0.5', 'json'],
    ['application/problem+xml', 'xml'],
    ['application/problem+xml, application/problem+json;q=0.5', 'xml'],
    ['application/json;q=0.5, application/xml', 'xml'],
    [chrome, 'json'],
  ])('for "%s" gives %s', (accept, format) => {
    expect(negotiateProblem(accept)).toBe(format);
  });
});
