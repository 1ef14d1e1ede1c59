import type { CallUser, Phone, PhoneDirectory } from '../../calls/phone-directory.ts';

/** A phone at a fixed address, as the configuration file names it. */
export interface ConfiguredPhone {
  readonly user: string;
  readonly address: string;
}

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
