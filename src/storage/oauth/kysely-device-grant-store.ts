import { sql } from 'kysely';
import type {
  DeviceAnswer,
  DeviceGrant,
  DeviceGrantStore,
  DeviceGrantView,
  PollDecision,
} from '../../oauth/model/grant-stores.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { fromScopes, toJoinedUser, tokenUserColumns, toScopes } from './oauth-rows.ts';
import { deleteFamily, TokenWrites } from './token-writes.ts';

/** RFC 8628 section 3.2, where the answer names no interval. */
const FIRST_INTERVAL_SECONDS = 5;

/** Some 20 MB: whoever has many addresses, and the id of a public client, can fill no disk with devices. */
const MOST_PENDING = 50_000;

/** The index of what is pending serves a query only where the query names the state, not a parameter. */
const pending = sql.lit('pending' as const);

const selectGrants = ({ builder }: Database) =>
  builder
    .selectFrom('device_grants as grant')
    .leftJoin('users', 'users.id', 'grant.user_id')
    .select(['grant.device_code_hash', 'grant.user_code_hash', 'grant.family_id', 'grant.client_id'])
    .select(['grant.scopes', 'grant.state', 'grant.interval_seconds', 'grant.last_polled_at'])
    .select(['grant.created_at', 'grant.expires_at'])
    .select(tokenUserColumns);

type DeviceGrantRow = Awaited<ReturnType<ReturnType<typeof selectGrants>['execute']>>[number];

const toAnswer = (row: DeviceGrantRow): DeviceAnswer => {
  if (row.state === 'pending' || row.state === 'refused') return { state: row.state };
  const user = toJoinedUser(row);
  return user === null ? { state: 'refused' } : { state: row.state, user };
};

const toDeviceGrant = (row: DeviceGrantRow): DeviceGrantView => ({
  deviceCodeHash: row.device_code_hash,
  userCodeHash: row.user_code_hash,
  familyId: row.family_id,
  clientId: row.client_id,
  scopes: toScopes(row.scopes),
  answer: toAnswer(row),
  intervalSeconds: row.interval_seconds,
  lastPolledAt: row.last_polled_at,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

/** What devices asked for, in SQL. */
export class KyselyDeviceGrantStore implements DeviceGrantStore {
  readonly #database: Database;
  readonly #writes: TokenWrites;
  readonly #mostPending: number;

  constructor(database: Database, { mostPending = MOST_PENDING }: { readonly mostPending?: number } = {}) {
    this.#database = database;
    this.#mostPending = mostPending;
    this.#writes = new TokenWrites(database.builder);
  }

  insert(grant: DeviceGrant): Promise<'inserted' | 'taken' | 'full'> {
    const { builder } = this.#database;
    const most = this.#mostPending;
    const row = {
      device_code_hash: grant.deviceCodeHash,
      user_code_hash: grant.userCodeHash,
      family_id: grant.familyId,
      client_id: grant.clientId,
      scopes: fromScopes(grant.scopes),
      state: 'pending' as const,
      user_id: null,
      interval_seconds: FIRST_INTERVAL_SECONDS,
      last_polled_at: null,
      created_at: grant.createdAt,
      expires_at: grant.expiresAt,
    };
    const insertion = builder.insertInto('device_grants').values(row);
    const expired = this.#pendingUnder(grant.userCodeHash).where('expires_at', '<=', grant.createdAt);
    const waiting = builder
      .selectFrom('device_grants')
      .select((row) => row.fn.countAll<number>().as('count'))
      .where('state', '=', pending)
      .compile();
    return this.#database.write(function* () {
      yield* run(builder.deleteFrom('device_grants').where('device_code_hash', 'in', expired).compile());
      const { rows } = yield* run(waiting);
      if (Number(rows[0]?.count) >= most) return 'full';
      const { changes } = yield* run(insertion.onConflict((conflict) => conflict.doNothing()).compile());
      return changes === 1 ? 'inserted' : 'taken';
    });
  }

  async findApproved(deviceCodeHash: string): Promise<string | undefined> {
    const grants = this.#database.builder.selectFrom('device_grants').select('client_id as clientId');
    const approved = grants.where('device_code_hash', '=', deviceCodeHash).where('state', '=', 'approved');
    const [row] = await this.#database.read(approved.compile());
    return row?.clientId;
  }

  async findPending(userCodeHash: string, now: number): Promise<DeviceGrantView | undefined> {
    const query = selectGrants(this.#database)
      .where('grant.user_code_hash', '=', userCodeHash)
      .where('grant.state', '=', pending)
      .where('grant.expires_at', '>', now);
    const [row] = await this.#database.read(query.compile());
    return row && toDeviceGrant(row);
  }

  answer(
    userCodeHash: string,
    {
      userId,
      verdict,
      now,
    }: { readonly userId: string; readonly verdict: 'approved' | 'refused'; readonly now: number },
  ): Promise<'answered' | 'gone'> {
    const query = this.#database.builder
      .updateTable('device_grants')
      .set({ state: verdict, user_id: verdict === 'approved' ? userId : null })
      .where('device_code_hash', 'in', this.#pendingUnder(userCodeHash).where('expires_at', '>', now))
      .compile();
    return this.#database.write(function* () {
      const { changes } = yield* run(query);
      return changes === 1 ? 'answered' : 'gone';
    });
  }

  poll<Decision extends PollDecision>(
    deviceCodeHash: string,
    decide: (grant: DeviceGrantView) => Decision,
  ): Promise<Decision | undefined> {
    return this.#database.write(() => this.#poll(deviceCodeHash, decide));
  }

  deleteExpired(now: number): Promise<void> {
    const { builder } = this.#database;
    const expired = builder
      .selectFrom('device_grants')
      .select('device_code_hash')
      .where('expires_at', '<=', now)
      .where((row) => {
        const family = row
          .selectFrom('token_families')
          .select('token_families.id')
          .whereRef('token_families.id', '=', 'device_grants.family_id');
        return row.or([row('state', '<>', 'redeemed'), row.not(row.exists(family))]);
      });
    return deleteInSteps(this.#database, (limit) =>
      run(builder.deleteFrom('device_grants').where('device_code_hash', 'in', expired.limit(limit)).compile()),
    );
  }

  *#poll<Decision extends PollDecision>(
    hash: string,
    decide: (grant: DeviceGrantView) => Decision,
  ): UnitOfWork<Decision | undefined> {
    const { rows } = yield* run(selectGrants(this.#database).where('grant.device_code_hash', '=', hash).compile());
    const [row] = rows;
    if (row === undefined) return undefined;
    const decision = decide(toDeviceGrant(row));
    yield* this.#perform(row, decision);
    return decision;
  }

  *#perform(grant: DeviceGrantRow, decision: PollDecision): UnitOfWork<void> {
    const { builder } = this.#database;
    const update = builder.updateTable('device_grants').where('device_code_hash', '=', grant.device_code_hash);
    switch (decision.action) {
      case 'issue':
        yield* run(update.set({ state: 'redeemed', last_polled_at: decision.at }).compile());
        yield* this.#writes.start(decision);
        break;
      case 'wait': {
        const { at, intervalSeconds } = decision;
        yield* run(update.set({ last_polled_at: at, interval_seconds: intervalSeconds }).compile());
        break;
      }
      case 'revoke':
        yield* deleteFamily(builder, grant.family_id);
        break;
      case 'refuse':
    }
  }

  /** The device code that waits with this user code. */
  #pendingUnder(userCodeHash: string) {
    const grants = this.#database.builder.selectFrom('device_grants').select('device_code_hash');
    return grants.where('user_code_hash', '=', userCodeHash).where('state', '=', pending);
  }
}
