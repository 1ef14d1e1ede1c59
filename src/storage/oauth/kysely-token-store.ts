import type {
  AccessTokenView,
  GrantedApplication,
  IssuedTokens,
  Proof,
  RefreshTokenView,
  RotationDecision,
  TokenFamily,
  TokenStore,
} from '../../oauth/model/token-stores.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { type QueryOutcome, run, type UnitOfWork } from '../unit-of-work.ts';
import { deleteExpiredRows, expiredHashes } from './expired-rows.ts';
import { selectGrants, toApplications } from './granted-applications.ts';
import { familyColumns, toFamily } from './oauth-rows.ts';
import { compileTokenReads, toAccessView, toRefreshView } from './token-reads.ts';
import { deleteFamily, forgetGrants, type GrantFilter, revokeGrants, TokenWrites } from './token-writes.ts';

type TokenTable = 'access_tokens' | 'refresh_tokens';

interface ExpiredTokens {
  readonly table: TokenTable;
  readonly now: number;
  readonly limit: number;
}

const compileDeleteEmptyFamily = ({ builder }: Database) =>
  compileOnce(({ familyId }: { readonly familyId: string }) => {
    const holders = (table: TokenTable) =>
      builder.selectFrom(table).select('family_id').where('family_id', '=', familyId);
    return builder
      .deleteFrom('token_families')
      .where('id', '=', familyId)
      .where('id', 'not in', holders('access_tokens'))
      .where('id', 'not in', holders('refresh_tokens'));
  });

const compileNoteUse = ({ builder }: Database) =>
  compileOnce(({ familyId, at }: { readonly familyId: string; readonly at: number }) =>
    builder
      .updateTable('token_families')
      .set({ last_used_at: at })
      .where('id', '=', familyId)
      .where('last_used_at', '<', at),
  );

/** Families and their tokens in SQL. */
export class KyselyTokenStore implements TokenStore {
  readonly #database: Database;
  readonly #writes: TokenWrites;
  readonly #reads: ReturnType<typeof compileTokenReads>;
  readonly #noteUse: ReturnType<typeof compileNoteUse>;
  readonly #deleteEmptyFamily: ReturnType<typeof compileDeleteEmptyFamily>;

  constructor(database: Database) {
    this.#database = database;
    this.#writes = new TokenWrites(database.builder);
    this.#reads = compileTokenReads(database.builder);
    this.#noteUse = compileNoteUse(database);
    this.#deleteEmptyFamily = compileDeleteEmptyFamily(database);
  }

  start(family: TokenFamily, tokens: IssuedTokens, proof?: Proof): Promise<'started' | 'refused'> {
    return this.#database.write(() => this.#start(family, tokens, proof));
  }

  async findAccess(hash: string): Promise<AccessTokenView | undefined> {
    const [row] = await this.#database.read(this.#reads.access({ hash }));
    return row && toAccessView(row);
  }

  rotate<Decision extends RotationDecision>(
    hash: string,
    decide: (token: RefreshTokenView) => Decision,
  ): Promise<Decision | undefined> {
    return this.#database.write(() => this.#rotate(hash, decide));
  }

  async findRefresh(hash: string): Promise<RefreshTokenView | undefined> {
    const [row] = await this.#database.read(this.#reads.refresh({ hash }));
    return row && toRefreshView(row);
  }

  async findFamily(tokenHash: string): Promise<TokenFamily | undefined> {
    const { builder } = this.#database;
    const familyOf = (table: TokenTable) => builder.selectFrom(table).select('family_id').where('hash', '=', tokenHash);
    const query = builder
      .selectFrom('token_families')
      .select(familyColumns)
      .where('id', 'in', familyOf('access_tokens').unionAll(familyOf('refresh_tokens')));
    const [row] = await this.#database.read(query.compile());
    return row && toFamily(row);
  }

  revokeFamily(familyId: string): Promise<void> {
    return this.#database.write(() => deleteFamily(this.#database.builder, familyId));
  }

  revokeMatching(filter: GrantFilter): Promise<number> {
    return this.#database.write(() => revokeGrants(this.#database.builder, filter));
  }

  async revokeAccess(hash: string): Promise<void> {
    const query = this.#database.builder.deleteFrom('access_tokens').where('hash', '=', hash);
    await this.#database.write(() => run(query.compile()));
  }

  revokeApplication(userId: string, clientId: string): Promise<number> {
    const { builder } = this.#database;
    return this.#database.write(function* () {
      yield* forgetGrants(builder, { userId, clientId });
      return yield* revokeGrants(builder, { userId, clientId });
    });
  }

  async listApplications(userId: string, now: number): Promise<readonly GrantedApplication[]> {
    return toApplications(await this.#database.read(selectGrants(this.#database.builder, { userId, now }).compile()));
  }

  async listGrantors(clientId: string, now: number): Promise<readonly string[]> {
    const query = this.#database.builder
      .selectFrom('token_families')
      .innerJoin('users', 'users.id', 'token_families.user_id')
      .select('users.id')
      .distinct()
      .where('client_id', '=', clientId)
      .where('expires_at', '>', now)
      .where('users.status', '=', 'active');
    const rows = await this.#database.read(query.compile());
    return rows.map(({ id }) => id);
  }

  async recordUse(uses: ReadonlyMap<string, number>): Promise<void> {
    const queries = [...uses].map(([familyId, at]) => this.#noteUse({ familyId, at }));
    if (queries.length === 0) return;
    await this.#database.write(function* () {
      for (const query of queries) yield* run(query);
    }, 'in-company');
  }

  async deleteExpired(now: number): Promise<void> {
    const { builder } = this.#database;
    await deleteExpiredRows(this.#database, { table: 'refresh_answers', now });
    const families = builder.selectFrom('token_families').select('id').where('expires_at', '<=', now);
    await deleteInSteps(this.#database, (limit) =>
      run(builder.deleteFrom('token_families').where('id', 'in', families.limit(limit)).compile()),
    );
    await deleteInSteps(this.#database, (limit) => this.#deleteExpiredTokens({ table: 'access_tokens', now, limit }));
    await deleteInSteps(this.#database, (limit) => this.#deleteExpiredTokens({ table: 'refresh_tokens', now, limit }));
  }

  *#start(family: TokenFamily, tokens: IssuedTokens, proof: Proof | undefined): UnitOfWork<'started' | 'refused'> {
    if (proof !== undefined && !(yield* this.#holds(proof, family.createdAt))) return 'refused';
    yield* this.#writes.start({ family, tokens, at: family.createdAt });
    return 'started';
  }

  /** A new secret or password ends the families that it finds: one behind it must not start. */
  *#holds({ client, user }: Proof, now: number): UnitOfWork<boolean> {
    const { rows: clients } = yield* run(this.#reads.clientSecret(client));
    const [row] = clients;
    if (row?.status !== 'active') return false;
    const isFormer = client.secretHash === row.formerHash && (row.formerEndsAt ?? 0) > now;
    if (client.secretHash !== row.secretHash && !isFormer) return false;
    if (user === null) return true;
    const { rows: users } = yield* run(this.#reads.userPassword(user));
    return users[0]?.status === 'active' && users[0].passwordHash === user.passwordHash;
  }

  *#rotate<Decision extends RotationDecision>(
    hash: string,
    decide: (token: RefreshTokenView) => Decision,
  ): UnitOfWork<Decision | undefined> {
    const { rows } = yield* run(this.#reads.refresh({ hash }));
    const [row] = rows;
    if (row === undefined) return undefined;
    const token = toRefreshView(row);
    const decision = decide(token);
    const { builder } = this.#database;
    if (decision.action === 'revoke') yield* deleteFamily(builder, token.family.id);
    if (decision.action === 'issue') {
      const rotated = { successors: 1, rotated_at: decision.at };
      yield* run(builder.updateTable('refresh_tokens').set(rotated).where('hash', '=', hash).compile());
      yield* this.#writes.keep(hash, decision.answer);
      yield* run(this.#noteUse({ familyId: token.familyId, at: decision.at }));
      yield* this.#writes.add(decision.tokens);
    }
    return decision;
  }

  /** Deletes tokens, and those of their families that have none left. */
  *#deleteExpiredTokens({ table, now, limit }: ExpiredTokens): UnitOfWork<QueryOutcome<unknown>> {
    const { builder } = this.#database;
    const expired = expiredHashes(builder, { table, now, limit });
    const deletion = builder.deleteFrom(table).where('hash', 'in', expired).returning('family_id as familyId');
    const outcome = yield* run(deletion.compile());
    const familyIds = new Set(outcome.rows.map(({ familyId }) => familyId));
    for (const familyId of familyIds) yield* run(this.#deleteEmptyFamily({ familyId }));
    return outcome;
  }
}
