import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { environmentSchema } from '../../src/config/environment.ts';
import { settingsSchema } from '../../src/config/settings.ts';
import { type Document, documentPaths, readDocument, ROOT } from './document.ts';

const documents = documentPaths().map(readDocument);
const blocksOf = (...languages: string[]) =>
  documents.flatMap(({ blocks }) => blocks).filter(({ language }) => languages.includes(language));

const documentAt = (path: string): Document => {
  const found = documents.find((document) => document.path === path);
  if (found === undefined) throw new Error(`there is no document ${path}`);
  return found;
};

/** What each block is for. `sh`, `nginx`, `ini` and `ts` are tried in test/e2e/documents.test.ts, `conf` in test/interop. */
const LANGUAGES = ['sh', 'text', 'console', 'json', 'nginx', 'conf', 'ini', 'ts', 'mermaid'];

const leadsSomewhere = ({ path, anchors }: Document, target: string): boolean => {
  const [file = '', anchor] = target.split('#');
  if (file === '') return anchors.includes(anchor ?? '');
  const full = relative(ROOT, resolve(ROOT, dirname(path), file));
  if (!existsSync(join(ROOT, full))) return false;
  return anchor === undefined || documentAt(full).anchors.includes(anchor);
};

describe('the documents', () => {
  it('have blocks of languages that a test tries, and of no other', () => {
    const other = documents.flatMap(({ blocks }) => blocks).filter(({ language }) => !LANGUAGES.includes(language));
    expect(other.map(({ at, language }) => `${at} ${language}`)).toEqual([]);
  });

  it('keep the front page short', () => {
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').length).toBeLessThan(150);
  });

  it('link to documents, headings and files that exist', () => {
    const broken = documents.flatMap((document) =>
      [...document.prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !leadsSomewhere(document, target))
        .map((target) => `${document.path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('name files and folders of the project that exist', () => {
    const missing = documents.flatMap(({ path, prose, blocks }) => {
      const made = blocks.flatMap(({ text }) => /^\/\/ (\S+\.ts)/.exec(text)?.[1] ?? []);
      return [...prose.matchAll(/`((?:src|db|test|scripts|views|docs)\/[\w./-]*)`/g)]
        .map(([, file = '']) => file)
        .filter((file) => !existsSync(join(ROOT, file)) && !made.some((each) => each.startsWith(file)))
        .map((file) => `${path}: ${file}`);
    });
    expect(missing).toEqual([]);
  });

  it('name scripts of package.json that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const unknown = documents.flatMap(({ path, prose, blocks }) =>
      [...[prose, ...blocks.map(({ text }) => text)].join('\n').matchAll(/npm run ([\w:-]+)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !(name in scripts))
        .map((name) => `${path}: npm run ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('mermaid blocks', () => {
  const FIRST = /^(flowchart (TD|LR)|sequenceDiagram|stateDiagram-v2)$/;
  const LINE = new RegExp(
    [
      String.raw`^\s*(\w+(\[[^\][]+\])? (-->|-\.->|---)(\|[^|]+\|)? \w+(\[[^\][]+\])?`, // an arrow
      String.raw`\w+\["[^"]+"\]|subgraph \w+\["[^"]+"\]|end`, // a box, boxes
      String.raw`participant \w+( as .+)?|(\w+)(->>|-->>)(\w+): .+|Note over \w+(,\w+)?: .+)$`, // a sequence
    ].join('|'),
  );

  it.each(blocksOf('mermaid'))('can be drawn: $at', ({ text }) => {
    const [first = '', ...lines] = text.split('\n');
    expect(first).toMatch(FIRST);
    expect(lines.filter((line) => line.trim() !== '' && !LINE.test(line))).toEqual([]);
    expect(lines.filter((line) => /^\s*subgraph /.test(line)).length).toBe(
      lines.filter((line) => line.trim() === 'end').length,
    );
  });
});

describe('the command line in the documents', () => {
  /** `offhook user add ada --role admin` anywhere: in blocks and in the text. */
  const commandsOf = ({ path, blocks, prose }: Document): { at: string; words: string[] }[] =>
    [
      ...blocks.flatMap(({ at, text }) =>
        [
          ...text.matchAll(
            /\boffhook ((?:serve|migrate|user|client|phone|call|project|job|token|key|config|backup|route|webhook)\b[^\n|#"']*)/g,
          ),
        ].map(([, line]) => ({
          at,
          line,
        })),
      ),
      ...[...prose.matchAll(/`npx offhook ([^`]+)`/g)].map(([, line]) => ({ at: path, line })),
    ].map(({ at, line = '' }) => ({ at, words: line.trim().split(/\s+/) }));

  const helpOf = async (words: readonly string[]): Promise<string> => {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    await runCommandLine([...words, '--help'], { input: Readable.from([]), print: say, say });
    return lines.join('\n');
  };

  it.each(documents.flatMap(commandsOf))('exists: $at $words', async ({ words }) => {
    const named = words.filter((word) => !word.startsWith('-'));
    const depth = ['serve', 'migrate', 'backup', 'completion', 'route'].includes(named[0] ?? '') ? 1 : 2;
    const command = named.slice(0, depth);
    const help = await helpOf(command);
    expect(help).toContain(`Usage: offhook ${command.join(' ')} `.trimEnd());
    for (const option of words.filter((word) => word.startsWith('--'))) expect(help).toContain(`  ${option}`);
  });
});

describe('the settings in the documents', () => {
  it.each(blocksOf('json'))('are taken: $at', ({ text }) => {
    const directory = mkdtempSync(join(tmpdir(), 'offhook-docs-'));
    try {
      const file = join(directory, 'offhook.json');
      writeFileSync(file, text);
      expect(readConfig({ OFFHOOK_CONFIG: file, OFFHOOK_SANDBOX: 'off' }).settings).toBeDefined();
    } catch (error) {
      if (error instanceof ConfigError) throw new Error(error.message);
      throw error;
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** A row of a table: the cells, those of the first column without their quotes. */
const rowsOf = ({ prose }: Document): readonly (readonly string[])[] =>
  prose
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );

const rowFor = (name: string): readonly string[] | undefined =>
  rowsOf(documentAt('docs/configure.md')).find(([first = '']) => first === `\`${name}\``);

interface Field {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly defaultValue?: unknown;
}

const fieldOf = (schema: z.core.$ZodType): Field => schema._zod.def;

/** What a list, a default, an optional or a transformed value is made of. */
const withinOf = ({ type, innerType, element, in: input }: Field): z.core.$ZodType | undefined =>
  innerType ?? element ?? (type === 'pipe' ? input : undefined);

/** Every key of a schema with its default as JSON, in lists of objects as `trunks[].name`. */
const keysOf = (schema: z.core.$ZodType, path = '', fallback?: unknown): [string, string | undefined][] => {
  const field = fieldOf(schema);
  const known = fallback ?? field.defaultValue;
  const within = withinOf(field);
  if (within !== undefined) return keysOf(within, field.type === 'array' ? `${path}[]` : path, known);
  if (field.shape !== undefined) {
    return Object.entries(field.shape).flatMap(([key, value]) => keysOf(value, path === '' ? key : `${path}.${key}`));
  }
  return [[path.replace(/\[\]$/, ''), known === undefined ? undefined : JSON.stringify(known)]];
};

describe('docs/configure.md', () => {
  const columns = ['name', 'type', 'default', 'meaning'];

  it.each(Object.keys(environmentSchema.shape))('has a row for the variable %s', (name) => {
    expect(rowFor(name)).toHaveLength(columns.length);
  });

  it.each(keysOf(settingsSchema))('has a row for the setting %s, with its default', (name, fallback) => {
    const row = rowFor(name);
    expect(row).toHaveLength(columns.length);
    if (fallback !== undefined) expect(row?.[2]).toBe(`\`${fallback}\``);
  });

  it('has the defaults of the variables', () => {
    const { http, databaseUrl, secretFile, logLevel, logFormat, sip } = readConfig({});
    expect(rowFor('PORT')?.[2]).toBe(`\`${http.port}\``);
    expect(http.hosts).toBeUndefined();
    expect(rowFor('OFFHOOK_HOST')?.[2]).toBe('`127.0.0.1`, and `::1` where there is one');
    expect(rowFor('OFFHOOK_DATABASE_URL')?.[2]).toBe(`\`${databaseUrl}\``);
    expect(rowFor('OFFHOOK_SECRET_FILE')?.[2]).toBe(`\`${secretFile}\``);
    expect(rowFor('OFFHOOK_LOG_LEVEL')?.[2]).toBe(`\`${logLevel}\``);
    expect(rowFor('OFFHOOK_LOG_FORMAT')?.[2]).toBe(`\`${logFormat}\``);
    const listen = sip.listen.map(({ protocol, host, port }) => `${protocol}:${host}:${port}`).join(',');
    expect(rowFor('OFFHOOK_SIP_LISTEN')?.[2]).toBe(`\`${listen}\``);
  });

  it('has no row for a variable or a setting that is not there', () => {
    const known = [...Object.keys(environmentSchema.shape), ...keysOf(settingsSchema).map(([name]) => name)];
    const described = rowsOf(documentAt('docs/configure.md'))
      .filter((row) => row.length === columns.length)
      .flatMap(([first = '']) => /^`(.+)`$/.exec(first)?.[1] ?? []);
    expect(described.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('is where every variable that a document names is described', () => {
    const named = documents.flatMap(({ path, prose, blocks }) =>
      [...[prose, ...blocks.map(({ text }) => text)].join('\n').matchAll(/\bOFFHOOK_[A-Z_]+/g)]
        .map(([name]) => name)
        .filter((name) => !(name in environmentSchema.shape))
        .map((name) => `${path}: ${name}`),
    );
    expect(named).toEqual([]);
  });
});
