import type { SigningSecrets, Webhook } from '../../features/webhooks/model.ts';
import type { Delivery, DueDelivery, NewDelivery } from '../../features/webhooks/model.ts';
import type {
  DeliveryOutcome,
  DeliveryQuery,
  Receiver,
  Standing,
  WebhookStore,
} from '../../features/webhooks/webhook-store.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { KyselyFactStore } from '../kysely-fact-store.ts';
import type { SandboxAccounts } from '../sandbox-accounts.ts';
import { SecretBox } from '../secret-box.ts';
import { run } from '../unit-of-work.ts';
import { compileDeliveryReads } from './delivery-reads.ts';
import { compileDeliveryWrites, settleDelivery } from './delivery-writes.ts';
import { deliveryColumns, fromChanges, fromWebhook, toWebhook } from './webhook-rows.ts';

export const WEBHOOK_PURPOSE = 'webhook secret';

export interface WebhookStoreParts {
  readonly database: Database;
  readonly secretKey: Buffer;
  readonly sandboxAccounts: SandboxAccounts;
}

/** Webhooks and their deliveries, in SQL; the secrets sealed with the key file. */
export class KyselyWebhookStore implements WebhookStore {
  readonly #database: Database;
  readonly #box: SecretBox;
  readonly #facts: KyselyFactStore;
  readonly #mostSandbox: 0 | 1;
  readonly #reads: ReturnType<typeof compileDeliveryReads>;
  readonly #writes: ReturnType<typeof compileDeliveryWrites>;

  constructor({ database, secretKey, sandboxAccounts }: WebhookStoreParts) {
    this.#database = database;
    this.#box = new SecretBox(secretKey, WEBHOOK_PURPOSE);
    this.#facts = new KyselyFactStore(database);
    this.#mostSandbox = sandboxAccounts === 'accepted' ? 1 : 0;
    this.#reads = compileDeliveryReads(database.builder);
    this.#writes = compileDeliveryWrites(database.builder);
  }

  insert(webhook: Webhook, { secret, most }: { readonly secret: string; readonly most: number }): Promise<boolean> {
    const { builder } = this.#database;
    const had = builder
      .selectFrom('webhooks')
      .select((row) => row.fn.countAll<number>().as('count'))
      .where('client_id', '=', webhook.clientId)
      .compile();
    const row = { ...fromWebhook(webhook), sealed_secret: this.#box.seal(secret, webhook.id) };
    const insertion = builder.insertInto('webhooks').values(row).compile();
    return this.#database.write(function* () {
      const { rows } = yield* run(had);
      if ((rows[0]?.count ?? 0) >= most) return false;
      yield* run(insertion);
      return true;
    });
  }

  async find(id: string): Promise<Webhook | undefined> {
    const [row] = await this.#database.read(this.#select().where('id', '=', id).compile());
    return row && toWebhook(row);
  }

  async list(clientId?: string): Promise<readonly Webhook[]> {
    const all = this.#select().orderBy('created_at').orderBy('id');
    const query = clientId === undefined ? all : all.where('client_id', '=', clientId);
    return (await this.#database.read(query.compile())).map(toWebhook);
  }

  async listEnabled(): Promise<readonly Webhook[]> {
    return (await this.#database.read(this.#select().where('status', '=', 'enabled').compile())).map(toWebhook);
  }

  change(id: string, changes: Parameters<WebhookStore['change']>[1]): Promise<boolean> {
    const update = this.#database.builder.updateTable('webhooks').set(fromChanges(changes)).where('id', '=', id);
    return this.#changesOne(update.compile());
  }

  delete(id: string): Promise<boolean> {
    return this.#changesOne(this.#database.builder.deleteFrom('webhooks').where('id', '=', id).compile());
  }

  rotateSecret(id: string, { secret, formerEndsAt }: Parameters<WebhookStore['rotateSecret']>[1]): Promise<boolean> {
    const update = this.#database.builder
      .updateTable('webhooks')
      .set((row) => ({
        sealed_former_secret: row.ref('sealed_secret'),
        former_secret_ends_at: formerEndsAt,
        sealed_secret: this.#box.seal(secret, id),
      }))
      .where('id', '=', id);
    return this.#changesOne(update.compile());
  }

  async secrets(id: string, now: number): Promise<SigningSecrets> {
    const query = this.#database.builder
      .selectFrom('webhooks')
      .select(['sealed_secret', 'sealed_former_secret', 'former_secret_ends_at'])
      .where('id', '=', id);
    const [row] = await this.#database.read(query.compile());
    if (row === undefined) return [];
    const former = (row.former_secret_ends_at ?? 0) > now ? row.sealed_former_secret : null;
    return [row.sealed_secret, ...(former === null ? [] : [former])].map((sealed) => this.#box.open(sealed, id));
  }

  cursor(): Promise<string | undefined> {
    return this.#facts.find('webhook_cursor');
  }

  append(deliveries: readonly NewDelivery[], { cursor, now }: Parameters<WebhookStore['append']>[1]): Promise<void> {
    const [queries, facts] = [this.#writes, this.#facts];
    const unit = function* () {
      // Deleted meanwhile, a webhook is told nothing more: the insertion finds it no more.
      for (const delivery of deliveries) yield* run(queries.append({ ...delivery, now }));
      if (cursor !== undefined) yield* facts.save('webhook_cursor', cursor);
    };
    return this.#database.write(unit, deliveries.length === 0 ? 'in-company' : 'at-once');
  }

  receivers(): Promise<readonly Receiver[]> {
    return this.#database.read(this.#reads.receivers({}));
  }

  due(webhookId: string, { by, limit }: Parameters<WebhookStore['due']>[1]): Promise<readonly DueDelivery[]> {
    return this.#database.read(this.#reads.due({ webhookId, by, limit }));
  }

  async standing(deliveryId: number, now: number): Promise<Standing> {
    const query = this.#reads.standing({ id: deliveryId, now, sandbox: this.#mostSandbox });
    const [row] = await this.#database.read(query);
    if (row === undefined) return 'held';
    const isClient =
      row.clientStatus === 'active' &&
      row.clientSandbox <= this.#mostSandbox &&
      row.scopes.split(' ').includes('application');
    return isClient && (row.isTest === 1 || row.granted !== null) ? 'granted' : 'withdrawn';
  }

  settle(deliveryId: number, outcome: DeliveryOutcome, now: number): Promise<void> {
    const queries = this.#writes;
    return this.#database.write(() => settleDelivery(queries, { id: deliveryId, outcome, now }), 'in-company');
  }

  async hasten(webhookId: string, now: number): Promise<void> {
    await this.#database.write(() => run(this.#writes.hasten({ webhookId, now })));
  }

  async findDelivery(webhookId: string, id: number): Promise<Delivery | undefined> {
    const [found] = await this.listDeliveries({ webhookId, before: id + 1, limit: 1 });
    return found?.id === id ? found : undefined;
  }

  async findMessage(webhookId: string, messageId: string): Promise<Delivery | undefined> {
    const query = this.#database.builder
      .selectFrom('webhook_deliveries')
      .select(deliveryColumns)
      .where('webhook_id', '=', webhookId)
      .where('message_id', '=', messageId);
    const [found] = await this.#database.read(query.compile());
    return found;
  }

  listDeliveries({ webhookId, state, before, limit }: DeliveryQuery): Promise<readonly Delivery[]> {
    let query = this.#database.builder
      .selectFrom('webhook_deliveries')
      .select(deliveryColumns)
      .where('webhook_id', '=', webhookId);
    if (state !== undefined) query = query.where('state', '=', state);
    if (before !== undefined) query = query.where('id', '<', before);
    return this.#database.read(query.orderBy('id', 'desc').limit(limit).compile());
  }

  resend(webhookId: string, id: number, now: number): Promise<boolean> {
    const queries = this.#writes;
    return this.#database.write(function* () {
      const { changes } = yield* run(queries.resend({ webhookId, id, now }));
      if (changes === 1) yield* run(queries.lineUpBehind({ id }));
      return changes === 1;
    });
  }

  async deleteOld({ delivered, dead }: Parameters<WebhookStore['deleteOld']>[0]): Promise<void> {
    const { builder } = this.#database;
    const over = (state: 'delivered' | 'dead', before: number) =>
      builder.selectFrom('webhook_deliveries').select('id').where('state', '=', state).where('ended_at', '<', before);
    // Of webhooks that were disabled and never enabled again.
    const forgotten = builder
      .selectFrom('webhook_deliveries')
      .select('id')
      .where('state', '=', 'pending')
      .where('created_at', '<', dead);
    for (const ids of [over('delivered', delivered), over('dead', dead), forgotten]) {
      await deleteInSteps(this.#database, (limit) =>
        run(builder.deleteFrom('webhook_deliveries').where('id', 'in', ids.limit(limit)).compile()),
      );
    }
  }

  #select() {
    return this.#database.builder
      .selectFrom('webhooks')
      .select(['id', 'client_id', 'url', 'events', 'description', 'status', 'told_from', 'created_at']);
  }

  #changesOne(query: Parameters<typeof run>[0]): Promise<boolean> {
    return this.#database.write(function* () {
      const { changes } = yield* run(query);
      return changes === 1;
    });
  }
}
