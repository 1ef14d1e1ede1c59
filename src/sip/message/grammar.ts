const TOKEN_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~";

/** 1 for the codes of `token` characters (RFC 3261 section 25.1). */
const TOKEN = new Uint8Array(256);
for (const character of TOKEN_CHARACTERS) TOKEN[character.charCodeAt(0)] = 1;

export const isTokenCode = (code: number): boolean => TOKEN[code] === 1;

/** Short texts, as these are, are read faster so than by an expression. */
export const isToken = (text: string): boolean => {
  for (let at = 0; at < text.length; at += 1) {
    if (TOKEN[text.charCodeAt(at)] !== 1) return false;
  }
  return text !== '';
};

export const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** The index of the first character at or behind `from` that is neither space nor tab. */
export const skipBlanks = (text: string, from: number): number => {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
};

/** The index of the quote that ends the quoted string whose first quote is at `from`; -1 where none does. */
export const closingQuote = (text: string, from: number): number => {
  let quote = text.indexOf('"', from + 1);
  let escape = text.indexOf('\\', from + 1);
  while (escape !== -1 && escape < quote) {
    if (quote === escape + 1) quote = text.indexOf('"', escape + 2);
    escape = text.indexOf('\\', escape + 2);
  }
  return quote;
};

/** The content of a quoted string, its escapes resolved. */
export const unquote = (quoted: string): string => {
  const inner = quoted.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\(.)/gs, '$1') : inner;
};

export const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
