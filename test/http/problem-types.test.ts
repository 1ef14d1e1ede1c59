import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { parseStringPromise } from 'xml2js';
import { problemTypes } from '../../src/http/problem-types/problem-types.ts';
import { createProblemTypesRouter } from '../../src/http/problem-types/problem-types-router.ts';
import { createProblemPage } from '../../src/web/home/problem-page.ts';
import { createPageErrorHandler } from '../../src/web/page/page-errors.ts';
import { createPageRenderer } from '../../src/web/page/page-renderer.ts';
import { type CallApi, createCallApi, PUBLIC_URL } from '../support/call-api.ts';

const root = new URL('../..', import.meta.url).pathname;
const chrome = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

interface ErrorClass {
  readonly name: string;
  readonly parent: string;
  readonly isAbstract: boolean;
  /** Those that it writes itself. */
  readonly codes: readonly string[];
}

const CLASS = /^(?:export )?(abstract )?class (\w+) extends (\w+)[^{]*\{([^]*?)\n?\}$/gm;

/** `readonly code = 'not_found'`, or `readonly code: OAuthErrorCode` with its union beside it. */
const codesIn = (body: string, file: string): string[] => {
  const [, type, literal] = /readonly code(?:: (\w+))?(?: = '(\w+)')?;/.exec(body) ?? [];
  if (literal !== undefined) return [literal];
  const union = type === undefined ? undefined : new RegExp(`type ${type} =([^;]+);`).exec(file)?.[1];
  return [...(union ?? '').matchAll(/'(\w+)'/g)].map(([, code = '']) => code);
};

const errorClasses = (): ErrorClass[] =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const file = readFileSync(join(root, 'src', name), 'utf8');
      return Array.from(file.matchAll(CLASS), ([, abstract, className = '', parent = '', body = '']) => ({
        name: className,
        parent,
        isAbstract: abstract !== undefined,
        codes: codesIn(body, file),
      }));
    });

describe('the table of problems', () => {
  const classes = new Map(errorClasses().map((each) => [each.name, each]));
  const descends = ({ name }: ErrorClass): boolean => {
    for (let at = classes.get(name); at !== undefined; at = classes.get(at.parent)) {
      if (at.parent === 'AppError') return true;
    }
    return false;
  };
  const codesOf = ({ codes, parent }: ErrorClass): readonly string[] => {
    const above = classes.get(parent);
    return codes.length > 0 || above === undefined ? codes : codesOf(above);
  };
  const concrete = [...classes.values()].filter((each) => descends(each) && !each.isAbstract);

  it('finds the errors of the sources', () => {
    expect(concrete.length).toBeGreaterThan(50);
    expect(concrete.filter((each) => codesOf(each).length === 0).map(({ name }) => name)).toEqual([]);
  });

  it('has an entry for the code of each of them', () => {
    const codes = ['internal_error', ...concrete.flatMap(codesOf)];
    expect([...new Set(codes)].filter((code) => !problemTypes.has(code))).toEqual([]);
  });

  it('is written in sentences', () => {
    for (const { title, meaning, remedy } of problemTypes.values()) {
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
      expect(remedy).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe('the address of a problem', () => {
  let api: CallApi;
  let app: ReturnType<CallApi['createApp']>;
  beforeAll(async () => {
    api = await createCallApi();
    const renderPage = createPageRenderer({ viewsDirectory: join(root, 'views'), publicUrl: PUBLIC_URL });
    const pages = { renderPage, publicUrl: PUBLIC_URL };
    app = api.createApp({
      routers: [createProblemTypesRouter({ publicUrl: PUBLIC_URL, showPage: createProblemPage(pages) })],
      pageErrors: createPageErrorHandler(pages),
    });
  });
  afterAll(() => api.close());

  const get = (path: string, accept?: string) => {
    const test = request(app).get(path);
    return accept === undefined ? test : test.set('Accept', accept);
  };

  it('answers where the type of a problem points, in JSON and in XML', async () => {
    const refused = await get('/rest/call');
    const { type, code, title } = refused.body;
    expect([type, code]).toEqual([`${PUBLIC_URL}/problems/unauthorized`, 'unauthorized']);
    const path = new URL(type).pathname;
    const json = await get(path);
    expect([json.status, json.get('Vary')]).toEqual([200, 'Accept']);
    expect(json.body).toEqual({ type, code, title, meaning: expect.any(String), remedy: expect.any(String) });
    const xml = await get(path, 'application/xml');
    const { problem_type: read } = await parseStringPromise(xml.text, { explicitArray: false });
    expect(read).toEqual(json.body);
  });

  it('answers for every code, and lists them all', async () => {
    const { body } = await get('/problems');
    expect(body.problems.map(({ code }: { code: string }) => code)).toEqual([...problemTypes.keys()]);
    for (const code of problemTypes.keys()) expect((await get(`/problems/${code}`)).body.code).toBe(code);
    const none = await get('/problems/none');
    expect([none.status, none.body.code]).toEqual([404, 'not_found']);
  });

  it('shows a browser a page', async () => {
    for (const [path, words] of [
      ['/problems/no_phone', 'No phone to ring'],
      ['/problems', 'Problems and what to do'],
    ] as const) {
      const page = await get(path, chrome);
      expect([page.status, page.type]).toEqual([200, 'text/html']);
      expect(page.text).toContain(words);
      expect(page.get('Content-Security-Policy')).toContain("default-src 'none'");
    }
  });

  it('is open to other origins', async () => {
    const response = await get('/problems/no_phone').set('Origin', 'https://front.example');
    expect(response.get('Access-Control-Allow-Origin')).toBe('*');
  });

  describe('and an unknown address', () => {
    it('shows a browser a page, in the frame of all pages', async () => {
      for (const path of ['/nothing', '/management/nothing', '/problems/nothing', '/restaurant', '/apiary', '/%ZZ']) {
        const page = await get(path, chrome);
        expect([path, page.status, page.type]).toEqual([path, 404, 'text/html']);
        expect(page.text).toContain('There is nothing at this address.');
        expect(page.text).toContain('<html');
      }
    });

    it('under /rest and /api gives a browser JSON, and XML only who asks for it', async () => {
      for (const path of ['/rest', '/rest/nothing', '/api/v1/nothing', '/rest/call']) {
        const response = await get(path, chrome);
        expect([path, response.type]).toEqual([path, 'application/problem+json']);
      }
      expect((await get('/rest/nothing', 'application/xml')).type).toBe('application/problem+xml');
    });

    it('gives a program a problem', async () => {
      expect((await get('/nothing')).type).toBe('application/problem+json');
      expect((await get('/nothing', 'application/xml')).type).toBe('application/problem+xml');
    });

    it('shows a browser a page where the host is none of ours', async () => {
      const renderPage = createPageRenderer({ viewsDirectory: join(root, 'views'), publicUrl: PUBLIC_URL });
      const pageErrors = createPageErrorHandler({ renderPage, publicUrl: PUBLIC_URL });
      const sandbox = api.createApp({ hosts: 'loopback', pageErrors });
      const page = await request(sandbox).get('/test').set('Host', 'phone.example').set('Accept', chrome);
      expect([page.status, page.type]).toEqual([421, 'text/html']);
    });
  });
});
