import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AddressClass, AddressGuard } from './address-guard.ts';

/** All addresses of a name, as `dns.lookup` gives them. */
export type Resolve = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

export const resolveBySystem: Resolve = (host, done) =>
  systemLookup(host, { all: true, verbatim: true }, (error, addresses) => done(error, error === null ? addresses : []));

/** A name led where a webhook may not. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED';
}

export interface CheckedLookupOptions {
  readonly guard: AddressGuard;
  readonly resolve: Resolve;
  readonly protocol: string;
}

/** Whether an address may be connected to: plain HTTP only within the networks that are allowed. */
export const isConnectable = (found: AddressClass, protocol: string): boolean =>
  found === 'private' || (found === 'public' && protocol === 'https:');

/**
 * The lookup of a socket: it connects to one of the addresses that were checked here, and to no other. One name is asked
 * for once; where any of its addresses is refused, all are.
 */
export const createCheckedLookup =
  ({ guard, resolve, protocol }: CheckedLookupOptions): LookupFunction =>
  (host, options, callback) => {
    resolve(host, (error, addresses) => {
      const [first] = addresses;
      if (error !== null) callback(error, '', 0);
      else if (first === undefined) callback(notFound(host), '', 0);
      else if (!addresses.every(({ address }) => isConnectable(guard.classify(address), protocol))) {
        callback(new AddressRefusedError('the name leads to an address that is refused'), '', 0);
      } else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };

const notFound = (host: string): Error => Object.assign(new Error(`no address of ${host}`), { code: 'ENOTFOUND' });
