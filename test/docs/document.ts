import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a document. */
export interface Block {
  /** For the message of a test that fails: `docs/flows.md:12`. */
  readonly at: string;
  /** The word after the fence; empty where there is none. */
  readonly language: string;
  readonly text: string;
  /** The text of the `text` block right behind it: what the commands print. */
  readonly output: string | undefined;
}

export interface Document {
  /** From the root of the project: `docs/flows.md`. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Everything outside the blocks. */
  readonly prose: string;
  /** The headings as GitHub addresses them. */
  readonly anchors: readonly string[];
}

export const ROOT = new URL('../..', import.meta.url).pathname;

const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const FENCE = /^```(.*)$/;

interface Parts {
  readonly blocks: (Omit<Block, 'output'> & { readonly follows: number })[];
  readonly prose: string[];
}

/** `follows`: how many lines with something in them stand between a block and the one before it. */
const split = (path: string, lines: readonly string[]): Parts => {
  const parts: Parts = { blocks: [], prose: [] };
  let open: { readonly language: string; readonly line: number; readonly text: string[] } | undefined;
  let between = 0;
  lines.forEach((line, index) => {
    const fence = FENCE.exec(line);
    if (open === undefined && fence !== null) {
      open = { language: fence[1] ?? '', line: index + 1, text: [] };
    } else if (open !== undefined && line === '```') {
      const { language, line: at, text } = open;
      parts.blocks.push({ at: `${path}:${at}`, language, text: text.join('\n'), follows: between });
      open = undefined;
      between = 0;
    } else if (open !== undefined) {
      open.text.push(line);
    } else {
      if (line.trim() !== '') between += 1;
      parts.prose.push(line);
    }
  });
  if (open !== undefined) throw new Error(`${path}: a block is not closed`);
  return parts;
};

export const readDocument = (path: string): Document => {
  const { blocks, prose } = split(path, readFileSync(join(ROOT, path), 'utf8').split('\n'));
  return {
    path,
    prose: prose.join('\n'),
    anchors: prose.flatMap((line) => /^#+ (.*)$/.exec(line)?.slice(1).map(slugOf) ?? []),
    blocks: blocks.map(({ follows: _, ...block }, index) => {
      const next = blocks[index + 1];
      return { ...block, output: next?.language === 'text' && next.follows === 0 ? next.text : undefined };
    }),
  };
};

/** Every document of the project but those that belong to a folder of the sources. */
export const documentPaths = (): string[] => [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
];
