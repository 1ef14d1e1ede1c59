/** The path of a request target, without its query. */
export const pathOf = (target: string): string => {
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
};

/** The query of a request target, without its question mark. */
export const queryOf = (target: string): string => {
  const mark = target.indexOf('?');
  return mark === -1 ? '' : target.slice(mark + 1);
};

/** A request target as everything reads it. */
export interface OriginForm {
  /** Path and query, without doubled slashes in the path; `*` for the server as a whole. */
  readonly url: string;
  /** Host and port, where the target named them: they stand for the Host header (RFC 9112 section 3.2.2). */
  readonly authority?: string;
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)([^]*)$/i;
/** Of a host with a port; a name in front of an `@` is a way to mislead readers (RFC 9110 section 4.2.4). */
const AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[^\s@:/\\[\]]+)(?::\d*)?$/i;

const mergeSlashes = (target: string): string => {
  if (!target.includes('//')) return target;
  const path = pathOf(target);
  return path.replace(/\/{2,}/g, '/') + target.slice(path.length);
};

/**
 * Reads the forms that a request target may have (RFC 9112 section 3.2): a path, a whole address, or `*`.
 * @returns undefined where it is none of them
 */
export const readTarget = (target: string): OriginForm | undefined => {
  if (target.startsWith('/')) return { url: mergeSlashes(target) };
  if (target === '*') return { url: target };
  const [, authority = '', rest = ''] = ABSOLUTE.exec(target) ?? [];
  if (!AUTHORITY.test(authority)) return undefined;
  return { url: mergeSlashes(rest.startsWith('/') ? rest : `/${rest}`), authority };
};
