import { getCountryCallingCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { ANONYMOUS } from '../../../calls/call-command.ts';
import { formatNameAddr } from '../../../sip/message/name-addr.ts';
import { escapeUser, parseUri } from '../../../sip/message/uri.ts';
import type {
  DigestCredentials,
  ExtraHeaders,
  InviteOptions,
  NameAddr,
  RequestOptions,
} from '../../../sip/user-agent.ts';
import type { LegTrunk } from '../leg/leg-target.ts';

/** How numbers are written for a trunk. */
export type NumberFormat =
  /** `+12025550100`. */
  | 'e164'
  /** `12025550100`. */
  | 'e164-without-plus'
  /** In the home country the national number without its trunk prefix, else the international prefix before the number. */
  | 'national'
  /** The number that is called as it was dialled, without what was written between the digits; numbers that are shown in E.164. */
  | 'as-dialled';

/** A number that is called over a trunk. */
export interface CalledNumber {
  /** In E.164, or digits that are none: an extension, a short code. */
  readonly number: string;
  /** The digits as they were dialled; absent: nobody dialled it. */
  readonly dialled?: string | undefined;
  /** What a route sends instead, neither formatted nor prefixed. */
  readonly sent?: string | undefined;
}

/** What a carrier or a PBX wants to read in our INVITEs. What is left out is as the trunk's address and account say. */
export interface TrunkDialect {
  /** The host in From; the trunk's own by default. A provider often knows a customer by it. */
  readonly fromDomain?: string | undefined;
  /** The user in From; the number that is shown by default, else the account. A PBX that knows us by name wants that name. */
  readonly fromUser?: string | undefined;
  /** A SIP URI that every request passes first, by a loose route (RFC 3261 section 16.12). */
  readonly outboundProxy?: string | undefined;
  readonly numberFormat?: NumberFormat | undefined;
  /** Put before each number that is called, as it is formatted. */
  readonly numberPrefix?: string | undefined;
  /** Where the number that is shown stands beside From: P-Asserted-Identity (RFC 3325), or the older Remote-Party-ID. */
  readonly identity?: 'from' | 'pai' | 'rpid' | undefined;
  readonly headers?: ExtraHeaders | undefined;
  /** ISO 3166-1 alpha-2: whose national format and international prefix `national` means. */
  readonly homeCountry?: string | undefined;
}

/** Where numbers leave for the world. */
export interface SipTrunk extends LegTrunk {
  /** `sip:host[:port][;transport=...]`: the number becomes its user part. */
  readonly uri: string;
  readonly credentials?: DigestCredentials | undefined;
  /** In E.164; shown where the call brings no number of its own. */
  readonly callerId?: string | undefined;
  readonly dialect?: TrunkDialect | undefined;
  /** Whether users' phones behind it answer by themselves when their own user places a call. */
  readonly autoAnswer?: 'automatic' | 'manual' | undefined;
}

const NO_PARAMS: NameAddr['params'] = new Map();

/** RFC 3323 section 4.1.1.3. */
export const ANONYMOUS_NAME: NameAddr = {
  display: 'Anonymous',
  uri: 'sip:anonymous@anonymous.invalid',
  params: NO_PARAMS,
};

const withUser = (uri: string, user: string): string =>
  uri.replace(/^(sips?:)(?:[^@]*@)?/i, (_, scheme: string) => `${scheme}${escapeUser(user)}@`);

const E164 = /^\+\d+$/;

/** Countries that share a calling code dial each other's national numbers. */
const nationally = (e164: string, homeCountry: string): string => {
  const parsed = parsePhoneNumberFromString(e164);
  if (parsed === undefined || !isSupportedCountry(homeCountry)) return e164;
  if (parsed.countryCallingCode === getCountryCallingCode(homeCountry)) return parsed.nationalNumber;
  return parsed.format('IDD', { fromCountry: homeCountry }).replace(/[^\d+]/g, '');
};

const written = (number: string, { numberFormat = 'e164', homeCountry = '' }: TrunkDialect): string => {
  if (!E164.test(number)) return number; // an extension, a short code
  switch (numberFormat) {
    case 'e164':
    case 'as-dialled':
      return number;
    case 'e164-without-plus':
      return number.slice(1);
    case 'national':
      return nationally(number, homeCountry);
  }
};

const nameAddr = (user: string, domain: string): NameAddr => ({
  display: user,
  uri: `sip:${escapeUser(user)}@${domain}`,
  params: NO_PARAMS,
});

/** RFC 3325 sections 9.1 and 9.3; Remote-Party-ID as draft-ietf-sip-privacy-04 had it, which PBXs still read. */
const identityHeaders = (
  identity: TrunkDialect['identity'],
  name: NameAddr,
  privacy: 'shown' | 'withheld',
): ExtraHeaders => {
  const withheld: ExtraHeaders = privacy === 'withheld' ? [['privacy', 'id']] : [];
  const address = formatNameAddr(name);
  if (identity === 'pai') return [['p-asserted-identity', address], ...withheld];
  if (identity === 'rpid') {
    return [['remote-party-id', `${address};party=calling;privacy=${privacy === 'withheld' ? 'full' : 'off'}`]];
  }
  return withheld;
};

const domainOf = ({ uri, dialect }: SipTrunk): string => {
  if (dialect?.fromDomain !== undefined) return dialect.fromDomain;
  const parsed = parseUri(uri);
  return parsed.scheme === 'tel' ? '' : parsed.host;
};

/** The number that is shown, as the trunk writes it: the call's own, else the trunk's. A caller who is withheld is known by the trunk's. */
const numberShown = ({ callerId, dialect = {} }: SipTrunk, shown: string | undefined): string | undefined => {
  const number = shown === undefined || shown === ANONYMOUS ? callerId : shown;
  return number === undefined ? undefined : written(number, dialect);
};

const fromOf = (trunk: SipTrunk, number: string | undefined): NameAddr => {
  const { credentials, dialect } = trunk;
  const user = dialect?.fromUser ?? number ?? credentials?.username ?? ANONYMOUS;
  return { ...nameAddr(user, domainOf(trunk)), display: number ?? user };
};

/** Who we say we are. */
const speaker = (trunk: SipTrunk, shown: string | undefined): Pick<InviteOptions, 'from' | 'headers'> => {
  const { credentials, dialect = {} } = trunk;
  const number = numberShown(trunk, shown);
  const privacy = shown === ANONYMOUS ? 'withheld' : 'shown';
  const asserted = nameAddr(number ?? credentials?.username ?? ANONYMOUS, domainOf(trunk));
  return {
    from: privacy === 'withheld' ? ANONYMOUS_NAME : fromOf(trunk, number),
    headers: [...identityHeaders(dialect.identity, asserted, privacy), ...(dialect.headers ?? [])],
  };
};

/** A proxy as a Route that it takes off, leaving the Request-URI alone (RFC 3261 section 16.4). */
export const looseRoute = (uri: string): string => (/;lr(?:[;=]|$)/i.test(uri) ? `<${uri}>` : `<${uri};lr>`);

const nameless = (uri: string): NameAddr => ({ uri, params: NO_PARAMS });

const wayTo = ({ credentials, dialect }: SipTrunk): Pick<InviteOptions, 'credentials' | 'route'> => ({
  ...(dialect?.outboundProxy !== undefined && { route: [looseRoute(dialect.outboundProxy)] }),
  ...(credentials !== undefined && { credentials }),
});

/** What is called over a trunk, as the trunk reads it. */
export const digitsSent = ({ dialect = {} }: SipTrunk, { number, dialled, sent }: CalledNumber): string => {
  if (sent !== undefined) return sent;
  const inFormat = dialect.numberFormat === 'as-dialled' ? (dialled ?? number) : written(number, dialect);
  return `${dialect.numberPrefix ?? ''}${inFormat}`;
};

/**
 * The INVITE of a number over a trunk, in the trunk's dialect.
 * @param shown - what the call wants to show: a number in E.164, an extension, `ANONYMOUS`; absent: the trunk's own
 */
export const inviteOverTrunk = (
  trunk: SipTrunk,
  called: CalledNumber,
  shown: string | undefined,
): Omit<InviteOptions, 'sdp'> => {
  const target = withUser(trunk.uri, digitsSent(trunk, called));
  return { target, to: nameless(target), ...wayTo(trunk), ...speaker(trunk, shown) };
};

/** The OPTIONS that asks whether a trunk is there. */
export const optionsToTrunk = (trunk: SipTrunk): RequestOptions => ({
  method: 'OPTIONS',
  target: trunk.uri,
  to: nameless(trunk.uri),
  ...wayTo(trunk),
  from: speaker(trunk, undefined).from,
});
