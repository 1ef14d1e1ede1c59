import type { Administration } from '../app/administration.ts';
import { isoTime } from './command-context.ts';

type Stores = Administration['stores'];
type Endpoint = Awaited<ReturnType<Stores['phones']['phonesOf']>>[number]['endpoint'];

/** Where a phone is registered from, as `--json` shows it. */
export interface PhoneRegistration {
  readonly contact: string;
  /** The address that its REGISTER came from. */
  readonly from: string;
  /** Of its last REGISTER. */
  readonly registered_at: string | null;
  readonly expires_at: string | null;
  readonly user_agent: string | null;
}

/** The registrations of a phone that have not expired; undefined for a phone that does not register. */
export const registrationsOf = async (
  { bindings }: Pick<Stores, 'bindings'>,
  endpoint: Endpoint,
  now: number,
): Promise<readonly PhoneRegistration[] | undefined> => {
  if (endpoint.kind !== 'registered') return undefined;
  const live = (await bindings.find(endpoint.account)).filter(({ expiresAt }) => expiresAt > now);
  return live.map(({ contact, expiresAt, flow, registeredAt, userAgent }) => ({
    contact,
    from: `${flow.protocol}:${flow.address.includes(':') ? `[${flow.address}]` : flow.address}:${flow.port}`,
    registered_at: isoTime(registeredAt),
    expires_at: isoTime(expiresAt),
    user_agent: userAgent ?? null,
  }));
};

/** The same for a person. */
export const sayRegistrations = (registrations: readonly PhoneRegistration[] | undefined): string => {
  if (registrations === undefined) return '';
  if (registrations.length === 0) return 'not registered';
  return registrations.map(({ from, registered_at: at }) => `${from} at ${at ?? ''}`).join(', ');
};
