import { InvalidNumberError } from './errors.ts';

/** What was dialled, without what is written around and between the digits. */
export interface DialledText {
  /** Digits, perhaps with a leading `+`; of a feature code also `*` and `#`. */
  readonly digits: string;
  /** An extension behind the number, to be dialled once it has answered: digits, `*`, `#`, and `,` for a pause. Mostly empty. */
  readonly afterAnswer: string;
}

/** More than a number with its extension and the parameters of its URI needs. */
const MAX_LENGTH = 128;

/** Invisible marks that text is pasted with: directions, joiners, soft hyphens (Unicode's Default_Ignorable_Code_Point). */
const INVISIBLE = /\p{DI}/gu;
const DIGIT = /\p{Nd}/u;
const FULL_WIDTH = /[\uff01-\uff5e]/g;
const FULL_WIDTH_OFFSET = 0xfee0;
const HYPHEN = /[\p{Pd}\u2212]/gu;
const BLANK = /\p{Zs}/gu;

/** Unicode's decimal digits stand in runs of ten, from zero to nine. */
const toAsciiDigit = (digit: string): string => {
  const code = digit.codePointAt(0) ?? 0;
  let first = code;
  while (DIGIT.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((code - first) % 10);
};

/** The digits, hyphens and blanks of any script as ASCII. Superscripts and circled digits are none: they are footnotes. */
const toAscii = (text: string): string =>
  text
    .replace(INVISIBLE, '')
    .replace(/(?![0-9])\p{Nd}/gu, toAsciiDigit)
    .replace(FULL_WIDTH, (wide) => String.fromCharCode(wide.charCodeAt(0) - FULL_WIDTH_OFFSET))
    .replace(HYPHEN, '-')
    .replace(BLANK, ' ')
    .trim();

const TEL_SCHEME = /^tel:(?:\/\/)?/i;
/** The leading digits that a local number lacks. A context may also be a domain: then only that network knows the number. */
const GLOBAL_CONTEXT = /^\+[0-9().-]+$/;

/** RFC 3966: a number with parameters. A local number is one within its context. */
const readTelUri = (uri: string): string => {
  const [number = '', ...parameters] = uri.replace(TEL_SCHEME, '').split(';');
  const valueOf = (name: string): string | undefined =>
    parameters.find((parameter) => parameter.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const context = number.trim().startsWith('+') ? undefined : valueOf('phone-context');
  if (context !== undefined && !GLOBAL_CONTEXT.test(context)) {
    throw new InvalidNumberError('The number is one of another network: its phone-context must begin with +.');
  }
  const extension = valueOf('ext') ?? valueOf('postd');
  return `${context ?? ''}${number}${extension === undefined ? '' : `;ext=${extension}`}`;
};

/** `;ext=22`, `x22`, `ext. 22`, `,22` and what phone books write for a pause: `;`, `p`, `w`. */
const EXTENSION =
  /^([^a-z,;]*[0-9][^a-z,;]*?)(?:;\s*(?:ext|postd)\s*=|[,;pw]+|(?:x|ext|extn|extension)[.:]?)\s*([0-9*#][0-9*#,;pw .()-]*)$/i;

/** Pauses are written in several ways, and nothing else counts between the digits. */
const toTones = (text: string): string => text.replace(/[;pw]/gi, ',').replace(/[^0-9*#,]/g, '');

const DIALLABLE = /^[ ()[\]./·-]*\+?[0-9 ()[\]./·-]*[0-9][ ()[\]./·-]*$/;
/** Of a network or a PBX: `*98`, `#31#2025550100`. */
const FEATURE_CODE = /^(?=[^0-9]*[0-9])[*# ().-]*[0-9*# ().-]*[*#][0-9*# ().-]*$/;

/**
 * Reads what people and their programs dial: separators, invisible marks, the digits of any script, a `tel:` URI (RFC 3966),
 * an extension behind the number.
 * @throws InvalidNumberError where there are other characters than a number has, with a word why
 */
export const readDialled = (input: string): DialledText => {
  const ascii = input.length > MAX_LENGTH ? '' : toAscii(input);
  const text = (TEL_SCHEME.test(ascii) ? readTelUri(ascii) : ascii).replace(/[,; ]+$/, '');
  const [, number = text, extension = ''] = EXTENSION.exec(text) ?? [];
  if (!DIALLABLE.test(number) && !FEATURE_CODE.test(number))
    throw new InvalidNumberError('The number is not a number.');
  return { digits: number.replace(/[^0-9+*#]/g, ''), afterAnswer: toTones(extension) };
};
