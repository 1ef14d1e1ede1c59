import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../../../src/oauth/model/permissions.ts';
import { hashSecret } from '../../../src/oauth/model/secrets.ts';
import { waitingClock } from '../../../src/shared/clock.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { openDatabase } from '../../../src/storage/open-database.ts';
import { createStores, type Stores } from '../../../src/storage/stores.ts';
import { type StartedService, startService } from '../../../test/support/start-service.ts';
import { BenchSipp } from '../calls/bench-sipp.ts';

const CLIENT = 'demo-app';
const A_DAY_MS = 86_400_000;

const ids = createSystemIds();

const issue = async (stores: Stores, userId: string, scopes: readonly Scope[]): Promise<string> => {
  const token = ids.random(256);
  const [createdAt, id] = [waitingClock.now(), ids.random(128)];
  const expiresAt = createdAt + A_DAY_MS;
  const access = { hash: hashSecret(token), familyId: id, scopes, dpopKey: null, createdAt, expiresAt };
  const family = { id, clientId: CLIENT, userId, scopes, createdAt, expiresAt };
  await stores.tokens.start(family, { access, refresh: null });
  return token;
};

const addUser = async (stores: Stores, name: string, phone: string): Promise<string> => {
  const userId = ids.random(128);
  const common = { role: 'user', status: 'active', sandbox: true, createdAt: waitingClock.now() } as const;
  await stores.users.insert({ id: userId, username: name, passwordHash: '-', ...common });
  await stores.phoneBook.addPhone({ userId, name: phone, endpoint: { kind: 'address', uri: phone } });
  return issue(stores, userId, ['call']);
};

/** The built service between a phone and a carrier, with users who have a token each, and an operator's. */
export class EventStage {
  readonly service: StartedService;
  readonly tokens: readonly string[];
  readonly operatorToken: string;
  readonly #peers: readonly BenchSipp[];

  private constructor(
    service: StartedService,
    tokens: readonly string[],
    operator: string,
    peers: readonly BenchSipp[],
  ) {
    this.service = service;
    this.tokens = tokens;
    this.operatorToken = operator;
    this.#peers = peers;
  }

  static async open(users: number): Promise<EventStage> {
    const directory = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
    const phone = await BenchSipp.start({ scenario: 'phone' });
    const carrier = await BenchSipp.start({ scenario: 'carrier' });
    const options = {
      directory,
      settings: {
        trunks: [{ name: 'bench', uri: `sip:127.0.0.1:${carrier.port}` }],
        policy: { max_ongoing_calls_per_user: 0 },
        limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
      },
      env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' },
    };
    // Its first start makes the client and the operator.
    await (await startService(options)).stop();
    const url = `sqlite:${join(directory, 'offhook.db')}`;
    const database = await openDatabase({ url, clock: waitingClock, log: silentLog });
    const stores = createStores({
      ...{ database, clock: waitingClock, secretKey: Buffer.alloc(32), sandboxAccounts: 'accepted' },
    });
    const tokens: string[] = [];
    for (let user = 0; user < users; user += 1) {
      tokens.push(await addUser(stores, `user-${user}`, `sip:phone@127.0.0.1:${phone.port}`));
    }
    const operator = await stores.users.findByUsername('operator');
    const operatorToken = await issue(stores, operator?.id ?? '', ['operator']);
    await database.close();
    return new EventStage(await startService(options), tokens, operatorToken, [phone, carrier]);
  }

  async close(): Promise<void> {
    await this.service.stop();
    for (const peer of this.#peers) await peer.stop();
    await rm(this.service.directory, { recursive: true, force: true });
  }
}
