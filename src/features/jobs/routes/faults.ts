import type { z } from 'zod';
import { InvalidRequestError } from '../../../http/errors.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** A mistake in a body, and where it is. */
interface Fault {
  /** `scripts[3].steps[1].dtmf`; empty for the body itself. */
  readonly field: string;
  readonly sentence: string;
}

/** So many mistakes are told of at once, and so much of a name that was sent. */
const TOLD = 5;
const SHOWN_LENGTH = 64;
const PLAIN_NAME = /^[A-Za-z_]\w*$/;

const shownKey = (key: PropertyKey): string => {
  const text = String(key)
    .slice(0, SHOWN_LENGTH)
    .replace(/\p{Cs}/gu, '\ufffd');
  return PLAIN_NAME.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`;
};

/** `['scripts', 3, 'name']` as `scripts[3].name`. */
export const writePath = (path: Path): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : shownKey(key)))
    .join('')
    .replace(/^\./, '');

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (within, key) =>
      typeof within === 'object' && within !== null && Object.hasOwn(within, key)
        ? (within as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );

/** Of the shapes that a value may have, the one that it comes closest to; none where it has nothing of any. */
const closest = (value: unknown, alternatives: readonly (readonly Issue[])[]): readonly Issue[] | undefined => {
  const isStrange = (issues: readonly Issue[]): boolean =>
    issues.some(({ path, code }) => path.length === 0 && code === 'invalid_type') ||
    issues.some(({ path }) => path.length > 0 && valueAt(value, path) === undefined);
  return alternatives
    .filter((issues) => !isStrange(issues))
    .reduce<readonly Issue[] | undefined>(
      (best, issues) => (best === undefined || issues.length < best.length ? issues : best),
      undefined,
    );
};

/** The names by which the shapes of a value differ: each misses its own. */
const namesOf = (alternatives: readonly (readonly Issue[])[]): readonly string[] => [
  ...new Set(
    alternatives.flatMap((issues) => issues.flatMap(({ path }) => (path.length === 1 ? [String(path[0])] : []))),
  ),
];

const sentenceOf = (field: string, message: string): string => {
  if (message.startsWith('must ')) return `${field} ${message}.`;
  return `${field} is not valid: ${message.charAt(0).toLowerCase()}${message.slice(1)}.`;
};

const named = (path: Path): string => (path.length === 0 ? 'The body' : writePath(path));

const faultsOfUnion = (issue: Issue & { code: 'invalid_union' }, value: unknown, before: Path): readonly Fault[] => {
  const path = [...before, ...issue.path];
  const found = valueAt(value, issue.path);
  if (found === undefined) return [{ field: writePath(path), sentence: `${named(path)} is missing.` }];
  const best = closest(found, issue.errors);
  if (best !== undefined) return best.flatMap((each) => faultsIn(each, found, path));
  const names = namesOf(issue.errors);
  const what = names.length === 0 ? 'is of the wrong type' : `must have one of ${names.join(', ')}`;
  return [{ field: writePath(path), sentence: `${named(path)} ${what}.` }];
};

/** @param before - the path of `value` in the body */
const faultsIn = (issue: Issue, value: unknown, before: Path): readonly Fault[] => {
  const path = [...before, ...issue.path];
  if (issue.code === 'invalid_union') return faultsOfUnion(issue, value, before);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const field = writePath([...path, key]);
      return { field, sentence: `${field} is no field here.` };
    });
  }
  const field = writePath(path);
  if (valueAt(value, issue.path) === undefined) return [{ field, sentence: `${named(path)} is missing.` }];
  return [{ field, sentence: sentenceOf(named(path), issue.message) }];
};

/** What is said of a body with mistakes: the first ones, each with its path; `details.field` names the first. */
export const faultsError = ({ issues }: Pick<z.ZodError, 'issues'>, body: unknown): InvalidRequestError => {
  const faults = issues.slice(0, TOLD).flatMap((issue) => faultsIn(issue, body, []));
  const told = faults.slice(0, TOLD).map(({ sentence }) => sentence);
  return new InvalidRequestError(told.join(' '), { details: { field: faults[0]?.field ?? '' } });
};
