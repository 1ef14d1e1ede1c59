/** An id and a secret as one `Authorization: Basic` header may mean them. */
export interface BasicCredentials {
  readonly id: string;
  readonly secret: string;
}

const formDecoded = ({ id, secret }: BasicCredentials): BasicCredentials | undefined => {
  try {
    const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
    return { id: decode(id), secret: decode(secret) };
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
};

/**
 * Reads a Basic header as RFC 7617 has it: UTF-8, and only the first colon separates. Both parts may be empty.
 * @returns undefined where the header is no well-formed Basic header
 */
export const readBasicCredentials = (authorization: string): BasicCredentials | undefined => {
  const match = /^basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(authorization);
  if (match?.[1] === undefined) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
};

/**
 * Reads the Basic header of a client. RFC 6749 section 2.3.1 has id and secret form-encoded, which half the clients do not do: both
 * readings are given, the raw one first, and the secret decides.
 * @returns no reading where the header is no well-formed Basic header
 */
export const parseBasicCredentials = (authorization: string): readonly BasicCredentials[] => {
  const raw = readBasicCredentials(authorization);
  if (raw === undefined) return [];
  const decoded = formDecoded(raw);
  const isSame = decoded === undefined || (decoded.id === raw.id && decoded.secret === raw.secret);
  return isSame ? [raw] : [raw, decoded];
};
