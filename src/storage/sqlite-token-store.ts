import type {
  AccessTokenView,
  IssuedTokens,
  RefreshTokenView,
  RotationDecision,
  TokenFamily,
  TokenStore,
} from '../oauth/token-stores.ts';
import { compileOnce } from './compile-once.ts';
import type { Database } from './database.ts';
import { deleteInSteps } from './delete-in-steps.ts';
import { expiredHashes } from './expired-rows.ts';
import { familyColumns, toFamily, tokenUserColumns, toScopes, toTokenUser } from './oauth-rows.ts';
import { deleteFamily, insertTokens, revokeGrants, startFamily, type GrantFilter } from './token-writes.ts';
import { run, type QueryOutcome, type UnitOfWork } from './unit-of-work.ts';

type TokenTable = 'access_tokens' | 'refresh_tokens';

interface ByHash {
  readonly hash: string;
}

const compileReads = ({ builder }: Database) => ({
  access: compileOnce(({ hash }: ByHash) =>
    builder
      .selectFrom('access_tokens')
      .innerJoin('token_families', 'token_families.id', 'access_tokens.family_id')
      .innerJoin('users', 'users.id', 'token_families.user_id')
      .innerJoin('clients', 'clients.id', 'token_families.client_id')
      .select(['access_tokens.hash', 'access_tokens.family_id', 'access_tokens.scopes'])
      .select(['access_tokens.created_at', 'access_tokens.expires_at'])
      .select(tokenUserColumns)
      .select(['clients.id as clientId', 'clients.status as clientStatus', 'clients.sandbox as clientSandbox'])
      .select('clients.token_in_query as tokenInQuery')
      .where('access_tokens.hash', '=', hash),
  ),
  refresh: compileOnce(({ hash }: ByHash) =>
    builder
      .selectFrom('refresh_tokens')
      .innerJoin('token_families', 'token_families.id', 'refresh_tokens.family_id')
      .innerJoin('users', 'users.id', 'token_families.user_id')
      .select(['refresh_tokens.hash', 'refresh_tokens.created_at', 'refresh_tokens.expires_at'])
      .select(['refresh_tokens.rotated_at', 'refresh_tokens.successors'])
      .select(familyColumns)
      .select(tokenUserColumns)
      .where('refresh_tokens.hash', '=', hash),
  ),
});

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

/** Families and their tokens in SQL. */
export class SqliteTokenStore implements TokenStore {
  readonly #database: Database;
  readonly #reads: ReturnType<typeof compileReads>;
  readonly #deleteEmptyFamily: ReturnType<typeof compileDeleteEmptyFamily>;

  constructor(database: Database) {
    this.#database = database;
    this.#reads = compileReads(database);
    this.#deleteEmptyFamily = compileDeleteEmptyFamily(database);
  }

  start(family: TokenFamily, tokens: IssuedTokens): Promise<void> {
    return this.#database.write(() => startFamily(this.#database.builder, family, tokens));
  }

  async findAccess(hash: string): Promise<AccessTokenView | undefined> {
    const [row] = await this.#database.read(this.#reads.access({ hash }));
    return (
      row && {
        hash: row.hash,
        familyId: row.family_id,
        scopes: toScopes(row.scopes),
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        user: toTokenUser(row),
        client: {
          id: row.clientId,
          status: row.clientStatus,
          sandbox: row.clientSandbox === 1,
          tokenInQuery: row.tokenInQuery,
        },
      }
    );
  }

  rotate<Decision extends RotationDecision>(
    hash: string,
    decide: (token: RefreshTokenView) => Decision,
  ): Promise<Decision | undefined> {
    return this.#database.write(() => this.#rotate(hash, decide));
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

  async deleteExpired(now: number): Promise<void> {
    const { builder } = this.#database;
    const families = builder.selectFrom('token_families').select('id').where('expires_at', '<=', now);
    await deleteInSteps(this.#database, (limit) =>
      run(builder.deleteFrom('token_families').where('id', 'in', families.limit(limit)).compile()),
    );
    await deleteInSteps(this.#database, (limit) => this.#deleteExpiredTokens('access_tokens', now, limit));
    await deleteInSteps(this.#database, (limit) => this.#deleteExpiredTokens('refresh_tokens', now, limit));
  }

  *#rotate<Decision extends RotationDecision>(
    hash: string,
    decide: (token: RefreshTokenView) => Decision,
  ): UnitOfWork<Decision | undefined> {
    const token = yield* this.#findRefresh(hash);
    if (token === undefined) return undefined;
    const decision = decide(token);
    const { builder } = this.#database;
    if (decision.action === 'revoke') yield* deleteFamily(builder, token.family.id);
    if (decision.action === 'issue') {
      const counted = { successors: token.successors + 1, rotated_at: token.rotatedAt ?? decision.at };
      yield* run(builder.updateTable('refresh_tokens').set(counted).where('hash', '=', hash).compile());
      yield* insertTokens(builder, decision.tokens);
    }
    return decision;
  }

  *#findRefresh(hash: string): UnitOfWork<RefreshTokenView | undefined> {
    const { rows } = yield* run(this.#reads.refresh({ hash }));
    const [row] = rows;
    return (
      row && {
        hash: row.hash,
        familyId: row.familyId,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        rotatedAt: row.rotated_at,
        successors: row.successors,
        family: toFamily(row),
        user: toTokenUser(row),
      }
    );
  }

  /** Deletes tokens, and those of their families that have none left. */
  *#deleteExpiredTokens(table: TokenTable, now: number, limit: number): UnitOfWork<QueryOutcome<unknown>> {
    const { builder } = this.#database;
    const expired = expiredHashes(builder, table, now, limit);
    const deletion = builder.deleteFrom(table).where('hash', 'in', expired).returning('family_id as familyId');
    const outcome = yield* run(deletion.compile());
    const familyIds = new Set(outcome.rows.map(({ familyId }) => familyId));
    for (const familyId of familyIds) yield* run(this.#deleteEmptyFamily({ familyId }));
    return outcome;
  }
}
