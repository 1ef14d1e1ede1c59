import { InvalidRequestError } from './errors.ts';

/** What jQuery and others add so that no cache answers. */
const CACHE_BUSTER = '_';
/** So much of what was sent is shown again. */
const SHOWN_NAMES = 5;
const SHOWN_LENGTH = 64;

/**
 * Refuses names that are unknown, and says which.
 * @throws InvalidRequestError when one is
 */
export const refuseUnknown = (
  what: 'field' | 'parameter',
  { names, known }: { readonly names: readonly string[]; readonly known: readonly string[] },
): void => {
  const unknown = names.filter((name) => name !== CACHE_BUSTER && !known.includes(name));
  const [first, ...more] = unknown.slice(0, SHOWN_NAMES).map((name) => name.slice(0, SHOWN_LENGTH));
  if (first === undefined) return;
  const verb = more.length === 0 ? `is no ${what}` : `are no ${what}s`;
  throw new InvalidRequestError(`${[first, ...more].join(', ')} ${verb} here: there are ${known.join(', ')}.`, {
    details: { [what]: first },
  });
};
