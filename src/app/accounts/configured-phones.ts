import type { CallUser, Phone, PhoneDirectory } from '../../calls/phone-directory.ts';
import { ConfigError } from '../../config/config.ts';
import type { UserStore } from '../../oauth/model/account-stores.ts';

/** A phone at a fixed address, as the configuration file names it. */
export interface ConfiguredPhone {
  readonly user: string;
  readonly address: string;
}

/**
 * Every phone of the file is somebody's: one of a name that is misspelt would never ring.
 * @throws ConfigError naming the phones of nobody
 */
export const refusePhonesOfNobody = async (
  phones: readonly ConfiguredPhone[],
  users: Pick<UserStore, 'findByUsername'>,
): Promise<void> => {
  const mistakes: string[] = [];
  for (const [index, { user }] of phones.entries()) {
    if ((await users.findByUsername(user)) === undefined)
      mistakes.push(`phones[${index}].user: there is no user ${user}. Add one with: npx offhook user add ${user}`);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
};

/** The phones of the configuration file stand in for those that their users have in the directory. */
export class ConfiguredPhones implements PhoneDirectory {
  readonly #directory: PhoneDirectory;
  readonly #phones: ReadonlyMap<string, readonly Phone[]>;

  constructor(directory: PhoneDirectory, phones: readonly ConfiguredPhone[]) {
    this.#directory = directory;
    const byUser = new Map<string, Phone[]>();
    for (const { user, address } of phones) {
      const phone: Phone = { id: `${user} ${address}`, name: address, endpoint: { kind: 'address', uri: address } };
      byUser.set(user, [...(byUser.get(user) ?? []), phone]);
    }
    this.#phones = byUser;
  }

  user(userId: string): Promise<CallUser | undefined> {
    return this.#directory.user(userId);
  }

  userByExtension(extension: string): Promise<CallUser | undefined> {
    return this.#directory.userByExtension(extension);
  }

  phonesOf(user: Pick<CallUser, 'userId' | 'username'>): Promise<readonly Phone[]> {
    const configured = this.#phones.get(user.username);
    return configured === undefined ? this.#directory.phonesOf(user) : Promise.resolve(configured);
  }
}
