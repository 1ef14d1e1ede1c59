import { AppError, type ErrorKind } from '../shared/errors.ts';
import type { IdSource } from '../shared/ids.ts';
import { ha1 } from '../sip/auth/digest.ts';
import type { KyselyPhoneBook } from '../storage/phones/kysely-phone-book.ts';

/** Every SIP name of ours is proved in this realm; the stored hashes contain it. */
export const sipRealm = 'offhook';

const PASSWORD_BITS = 144;

export interface SipAccountParts {
  readonly stores: { readonly phoneBook: KyselyPhoneBook };
  readonly ids: IdSource;
}

/** Some user's phone has the name already. */
export class SipAccountTakenError extends AppError {
  readonly code = 'sip_account_taken';
  readonly kind: ErrorKind = 'conflict';
}

/**
 * Adds a phone that registers with us, under a name and a new password of its own.
 * @returns the password: it is kept nowhere, only its hashes are
 * @throws SipAccountTakenError where the name is taken
 */
export const issueSipAccount = async (
  { stores, ids }: SipAccountParts,
  { userId, account }: { readonly userId: string; readonly account: string },
): Promise<string> => {
  const password = ids.random(PASSWORD_BITS);
  const user = { username: account, realm: sipRealm, password };
  const added = await stores.phoneBook.addPhone(
    { userId, name: account, endpoint: { kind: 'registered', account } },
    { account, userId, realm: sipRealm, ha1: { md5: ha1('MD5', user), sha256: ha1('SHA-256', user) } },
  );
  if (added === 'taken') throw new SipAccountTakenError(`There is a phone named ${account} already.`);
  return password;
};
