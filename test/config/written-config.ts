import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { ConfigError, readConfig } from '../../src/config/config.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-config-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

/** Writes the configuration file. @returns where it is */
export const fileOf = (content: string | object): string => {
  const file = join(directory, 'offhook.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

/** The message, each mistake on a line of its own behind the first. */
export const refusal = (variables: Record<string, string>): string => {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('The configuration was taken');
};

export const mistakes = (variables: Record<string, string>): string[] =>
  refusal(variables)
    .split('\n')
    .slice(1)
    .map((line) => line.trim());

export const trunk = (uri: string, more: object = {}): object => ({ trunks: [{ name: 'carrier', uri, ...more }] });
export const outside = trunk('sip:sip.example.com');
