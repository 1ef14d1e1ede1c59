/** The URI of a name-addr or addr-spec as it was written (RFC 3261 section 20.10). */
export const uriOf = (value: string): string => {
  const open = value.lastIndexOf('<');
  if (open !== -1) {
    const close = value.indexOf('>', open);
    return value.slice(open + 1, close === -1 ? undefined : close).trim();
  }
  const end = value.indexOf(';'); // without brackets the parameters are the field's, not the URI's
  return (end === -1 ? value : value.slice(0, end)).trim();
};

/** Whether a request could be sent to it as it stands. */
export const isSipUri = (uri: string): boolean => /^sips?:[^\s<>"]+$/i.test(uri);

/** A route without `lr` is a strict router of RFC 2543 (RFC 3261 section 12.2.1.1). */
export const isStrictRouter = (route: string): boolean => !/;lr(?=[;=?>]|$)/i.test(uriOf(route));
