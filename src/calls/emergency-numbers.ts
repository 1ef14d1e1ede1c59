import { getCountryCallingCode, isSupportedCountry } from 'libphonenumber-js/max';

/**
 * Emergency numbers by country, ISO 3166-1 alpha-2. A call through us has no location and may ring in another country:
 * such numbers are never dialled. From the national numbering plans; what a mobile also redirects is in `everywhere`.
 */
const emergencyNumbers: Readonly<Record<string, readonly string[]>> = {
  AE: ['997', '998', '999'],
  AR: ['100', '101', '107', '911'],
  AT: ['112', '122', '128', '133', '140', '141', '142', '144'],
  AU: ['000', '106'],
  BE: ['112', '100', '101'],
  BG: ['112', '150', '160', '166'],
  BR: ['190', '191', '192', '193', '197', '198', '199'],
  CA: ['911'],
  CH: ['112', '117', '118', '143', '144', '145', '147', '1414'],
  CL: ['131', '132', '133', '134'],
  CN: ['110', '119', '120', '122'],
  CO: ['119', '123', '125', '132'],
  CY: ['112', '199'],
  CZ: ['112', '150', '155', '156', '158'],
  DE: ['112', '110'],
  DK: ['112'],
  EE: ['112', '110'],
  EG: ['122', '123', '180'],
  ES: ['112', '061', '062', '080', '085', '091', '092'],
  FI: ['112'],
  FR: ['112', '15', '17', '18', '114', '115', '119', '191', '196'],
  GB: ['112', '999'],
  GR: ['112', '100', '108', '166', '199'],
  HK: ['999', '992'],
  HR: ['112', '192', '193', '194', '195'],
  HU: ['112', '104', '105', '107'],
  ID: ['112', '110', '113', '115', '118', '119'],
  IE: ['112', '999'],
  IL: ['112', '100', '101', '102'],
  IN: ['112', '100', '101', '102', '108'],
  IS: ['112'],
  IT: ['112', '113', '114', '115', '117', '118', '1515', '1530'],
  JP: ['110', '118', '119'],
  KE: ['112', '999'],
  KR: ['112', '111', '113', '119'],
  LT: ['112', '01', '02', '03'],
  LU: ['112', '113'],
  LV: ['112', '01', '02', '03', '04', '110', '113'],
  MT: ['112', '191', '196', '199'],
  MX: ['060', '065', '066', '068', '911'],
  MY: ['991', '994', '999'],
  NG: ['112', '199', '767'],
  NL: ['112'],
  NO: ['112', '110', '113'],
  NZ: ['111'],
  PH: ['117', '911'],
  PK: ['15', '16', '115', '1122'],
  PL: ['112', '997', '998', '999'],
  PT: ['112', '115', '117'],
  RO: ['112'],
  RU: ['112', '01', '02', '03', '04', '101', '102', '103', '104'],
  SA: ['911', '937', '997', '998', '999'],
  SE: ['112', '90000'],
  SG: ['995', '999'],
  SI: ['112', '113'],
  SK: ['112', '150', '155', '158', '159'],
  TH: ['191', '199', '1669'],
  TR: ['112', '110', '155', '156', '158', '177'],
  TW: ['112', '110', '119'],
  UA: ['112', '101', '102', '103', '104'],
  US: ['911'],
  ZA: ['112', '10111', '10177'],
};

/** What a mobile takes as an emergency number wherever it is (3GPP TS 22.101 section 10.1.1), and networks with it. */
const everywhere: readonly string[] = ['112', '911'];

const internationalPrefix = /^(?:\+|00|011|0011)/;

const withCountryCode = (country: string, numbers: readonly string[]): string[] =>
  isSupportedCountry(country) ? numbers.map((number) => getCountryCallingCode(country) + number) : [];

const worldwide: ReadonlySet<string> = new Set([
  ...everywhere,
  ...Object.entries(emergencyNumbers).flatMap(([country, numbers]) =>
    withCountryCode(country, [...everywhere, ...numbers]),
  ),
]);

/** The forms in which a country's own numbers are dialled within it, by country. */
const national: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(emergencyNumbers).map(([country, numbers]) => [
    country,
    new Set([...everywhere, ...numbers, ...withCountryCode(country, numbers)]),
  ]),
);

const unlisted: ReadonlySet<string> = new Set(everywhere);

/** Before a number, a feature code: `*67`, `#31#`. */
const FEATURE = [/^[*#]+[0-9]{2}(?=[0-9])/, /^[0-9*#]*[*#]/];

/** What was dialled, the same behind a feature code, and the same without a digit that takes an outside line. */
const readings = (digits: string): string[] => {
  const plain = /[*#]/.test(digits) ? [digits, ...FEATURE.map((feature) => digits.replace(feature, ''))] : [digits];
  return plain.flatMap((reading) => (/^[09]/.test(reading) ? [reading, reading.slice(1)] : [reading]));
};

/**
 * Whether what was dialled in `country` is, or could become, an emergency number: as it is, after an outside-line prefix
 * (0 or 9), behind a feature code, with the country's own code, or with the code of any country after an international prefix.
 * @param digits as `readDialled` gives them: digits with perhaps a leading `+`, or a feature code
 */
export const isEmergencyNumber = (digits: string, country: string): boolean => {
  const own = national.get(country) ?? unlisted;
  return readings(digits).some((reading) => {
    const abroad = reading.replace(internationalPrefix, '');
    return own.has(reading) || (abroad !== reading && worldwide.has(abroad));
  });
};
