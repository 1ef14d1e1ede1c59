import type { Database } from './database.ts';
import { KyselyFactStore } from './kysely-fact-store.ts';

/** How a service is reached: its ports as they are bound, not as its settings ask for them. */
export interface ServiceAddresses {
  readonly publicUrl: string;
  /** Where phones register: `host:port`. */
  readonly registrar: string;
  /** Every SIP listener, as a URI. */
  readonly sip: readonly string[];
}

/** What a service leaves for the commands beside it: they may have other variables, and know no port that it picked. */
export class KyselyServiceAddresses {
  readonly #database: Database;
  readonly #facts: KyselyFactStore;

  constructor(database: Database) {
    this.#database = database;
    this.#facts = new KyselyFactStore(database);
  }

  async announce(addresses: ServiceAddresses): Promise<void> {
    await this.#database.write(() => this.#facts.save('service_addresses', JSON.stringify(addresses)));
  }

  /** At the orderly end of the service. After a crash the addresses stay until the next start: it mostly has the same. */
  async withdraw(): Promise<void> {
    await this.#database.write(() => this.#facts.forget('service_addresses'));
  }

  async find(): Promise<ServiceAddresses | undefined> {
    const text = await this.#facts.find('service_addresses');
    return text === undefined ? undefined : (JSON.parse(text) as ServiceAddresses);
  }
}
