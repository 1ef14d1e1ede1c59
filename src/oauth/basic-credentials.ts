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
 * Reads a Basic header. RFC 6749 section 2.3.1 has id and secret form-encoded, which half the clients do not do: both
 * readings are given, the raw one first, and the secret decides. Only the first colon separates.
 * @returns no reading where the header is no well-formed Basic header
 */
export const parseBasicCredentials = (authorization: string): readonly BasicCredentials[] => {
  const match = /^basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(authorization);
  if (match?.[1] === undefined) return [];
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) return [];
  const raw = { id: text.slice(0, colon), secret: text.slice(colon + 1) };
  const decoded = formDecoded(raw);
  const isSame = decoded === undefined || (decoded.id === raw.id && decoded.secret === raw.secret);
  return isSame ? [raw] : [raw, decoded];
};
