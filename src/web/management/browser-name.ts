/** The first that is found: each later one is also in the text of most earlier ones. */
const browsers: readonly (readonly [RegExp, string])[] = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrom(?:e|ium)\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/^curl\//, 'curl'],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux|X11/, 'Linux'],
];

const nameIn = (text: string, names: readonly (readonly [RegExp, string])[]): string | undefined =>
  names.find(([pattern]) => pattern.test(text))?.[1];

/** What a person calls the browser of a `User-Agent`, as far as it can be told: "Firefox on Linux". */
export const browserName = (userAgent: string | null): string => {
  const browser = nameIn(userAgent ?? '', browsers) ?? 'Unknown program';
  const system = nameIn(userAgent ?? '', systems);
  return system === undefined ? browser : `${browser} on ${system}`;
};
