import { isScope, type Scope } from './permissions.ts';

/** Reads a `scope` parameter (RFC 6749 section 3.3). @returns undefined where it names what does not exist, or nothing */
export const parseScopes = (text: string): readonly Scope[] | undefined => {
  const names = [...new Set(text.split(' '))];
  return names.every(isScope) ? names : undefined;
};

export const formatScopes = (scopes: readonly Scope[]): string => scopes.join(' ');

/** Whether every scope of `asked` is among `allowed`. */
export const isWithin = (asked: readonly Scope[], allowed: readonly Scope[]): boolean =>
  asked.every((scope) => allowed.includes(scope));

/** What the consent page says that a scope allows. */
export const scopeDescriptions: Readonly<Record<Scope, string>> = {
  call: 'Place calls in your name, see them and end them',
  read: 'See your calls',
  write: 'Place calls in your name and end them',
  public: 'See your name and role',
  operator: 'See and end the calls of everybody',
  admin: 'Manage this service, and see and end the calls of everybody',
  all: 'Do everything that you may do',
};
