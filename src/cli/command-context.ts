import type { Administration } from '../app/administration.ts';
import type { Config } from '../config/config.ts';
import type { Terminal } from './terminal.ts';

/** What the audit log says of accounts that were changed by a command. */
export const BY_COMMAND = { detail: 'by a command' } as const;

/** What a command answers. */
export interface Answer {
  /** For `--json`: one object or one list. Its names are those of the API and of the settings file, and stay. */
  readonly data: object;
  /** For a person, on standard output. */
  readonly lines?: readonly string[];
  /** For a person, on standard error. */
  readonly said?: readonly string[];
  /** What should be known in either form, on standard error. */
  readonly notes?: readonly string[];
}

/** What every command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Shows an answer in the form that was asked for. */
  readonly show: (answer: Answer) => void;
  /** What the process ends with, where the command was done and its answer is a code other than 0. */
  readonly exitWith: (code: number) => void;
  /**
   * The configuration that the variables name.
   * @throws ConfigError when it has mistakes
   */
  readonly config: () => Config;
  /** Runs `work` against the database of the configuration, and closes it again. */
  readonly administer: (work: (administration: Administration) => Promise<void>) => Promise<void>;
}

/** Shows answers on a terminal; `wantsJson` tells the form. */
export const answerOn =
  ({ print, say }: Terminal, wantsJson: () => boolean): CommandContext['show'] =>
  ({ data, lines = [], said = [], notes = [] }) => {
    if (wantsJson()) {
      print(JSON.stringify(data, null, 2));
    } else {
      said.forEach(say);
      lines.forEach(print);
    }
    notes.forEach(say);
  };

/** A date as it is written for programs; null stays null. */
export const isoTime = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : new Date(milliseconds).toISOString();

/** Names and values, one pair a line. */
export const formatPairs = (pairs: Readonly<Record<string, string | number | undefined>>): readonly string[] => {
  const shown = Object.entries(pairs).filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value ?? ''}`);
};

/** What `--json` shows, for a person: lists in one line, and nothing where there is nothing. */
export const inWords = (data: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, wordOf(value)]));

const wordOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(' ') : JSON.stringify(value).replace(/^"|"$/g, '');
};

/** `1 phone`, `2 phones`. */
export const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? '' : 's'}`;
