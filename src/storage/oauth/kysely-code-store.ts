import type {
  AuthorizationCode,
  AuthorizationCodeView,
  CodeStore,
  RedemptionDecision,
} from '../../oauth/model/grant-stores.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { fromScopes, tokenUserColumns, toScopes, toTokenUser } from './oauth-rows.ts';
import { deleteFamily, TokenWrites } from './token-writes.ts';

/** Authorization codes in SQL. */
export class KyselyCodeStore implements CodeStore {
  readonly #database: Database;
  readonly #writes: TokenWrites;

  constructor(database: Database) {
    this.#database = database;
    this.#writes = new TokenWrites(database.builder);
  }

  async insert(code: AuthorizationCode): Promise<void> {
    const row = {
      hash: code.hash,
      family_id: code.familyId,
      client_id: code.clientId,
      user_id: code.userId,
      redirect_uri: code.redirectUri,
      redirect_uri_from: code.redirectUriFrom,
      scopes: fromScopes(code.scopes),
      code_challenge: code.codeChallenge,
      dpop_key: code.dpopKey,
      created_at: code.createdAt,
      expires_at: code.expiresAt,
      redeemed_at: null,
    };
    const query = this.#database.builder.insertInto('authorization_codes').values(row).compile();
    await this.#database.write(() => run(query));
  }

  async findClient(hash: string): Promise<string | undefined> {
    const codes = this.#database.builder.selectFrom('authorization_codes').select('client_id as clientId');
    const [row] = await this.#database.read(codes.where('hash', '=', hash).where('redeemed_at', 'is', null).compile());
    return row?.clientId;
  }

  redeem<Decision extends RedemptionDecision>(
    hash: string,
    decide: (code: AuthorizationCodeView) => Decision,
  ): Promise<Decision | undefined> {
    return this.#database.write(() => this.#redeem(hash, decide));
  }

  deleteExpired(now: number): Promise<void> {
    const { builder } = this.#database;
    const expired = builder
      .selectFrom('authorization_codes')
      .select('hash')
      .where('expires_at', '<', now)
      .where((row) => {
        const family = row
          .selectFrom('token_families')
          .select('token_families.id')
          .whereRef('token_families.id', '=', 'authorization_codes.family_id');
        return row.or([row('redeemed_at', 'is', null), row.not(row.exists(family))]);
      });
    return deleteInSteps(this.#database, (limit) =>
      run(builder.deleteFrom('authorization_codes').where('hash', 'in', expired.limit(limit)).compile()),
    );
  }

  *#redeem<Decision extends RedemptionDecision>(
    hash: string,
    decide: (code: AuthorizationCodeView) => Decision,
  ): UnitOfWork<Decision | undefined> {
    const code = yield* this.#find(hash);
    if (code === undefined) return undefined;
    const decision = decide(code);
    const { builder } = this.#database;
    if (decision.action === 'revoke') yield* deleteFamily(builder, code.familyId);
    if (decision.action === 'issue') {
      const redeemed = { redeemed_at: decision.at };
      yield* run(builder.updateTable('authorization_codes').set(redeemed).where('hash', '=', hash).compile());
      yield* this.#writes.start(decision);
    }
    return decision;
  }

  *#find(hash: string): UnitOfWork<AuthorizationCodeView | undefined> {
    const query = this.#database.builder
      .selectFrom('authorization_codes as code')
      .innerJoin('users', 'users.id', 'code.user_id')
      .select(['code.hash', 'code.family_id', 'code.client_id', 'code.scopes'])
      .select(['code.redirect_uri', 'code.redirect_uri_from'])
      .select(['code.code_challenge', 'code.dpop_key', 'code.created_at', 'code.expires_at', 'code.redeemed_at'])
      .select(tokenUserColumns)
      .where('code.hash', '=', hash);
    const { rows } = yield* run(query.compile());
    const [row] = rows;
    return (
      row && {
        hash: row.hash,
        familyId: row.family_id,
        clientId: row.client_id,
        userId: row.userId,
        redirectUri: row.redirect_uri,
        redirectUriFrom: row.redirect_uri_from,
        scopes: toScopes(row.scopes),
        codeChallenge: row.code_challenge,
        dpopKey: row.dpop_key,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        redeemedAt: row.redeemed_at,
        user: toTokenUser(row),
      }
    );
  }
}
