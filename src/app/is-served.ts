import { DatabaseInUseError } from '../storage/errors.ts';
import { lockDatabase } from '../storage/open-database.ts';
import type { Stores } from '../storage/stores.ts';

/**
 * Whether a process serves a database and is ready. What a crash left of its address does not count: then the lock is free.
 * It is tried only where an address is left, so that it is never in the way of a service that starts in order.
 */
export const isServed = async (
  databaseUrl: string,
  { serviceAddresses }: Pick<Stores, 'serviceAddresses'>,
): Promise<boolean> => {
  if ((await serviceAddresses.find()) === undefined) return false;
  try {
    lockDatabase(databaseUrl).release();
    return false;
  } catch (error) {
    if (error instanceof DatabaseInUseError) return true;
    throw error;
  }
};
