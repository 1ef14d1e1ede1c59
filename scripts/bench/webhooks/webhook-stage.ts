import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { webhookEvents } from '../../../src/features/webhooks/model.ts';
import { Inbox } from '../../../test/features/webhooks/inbox.ts';
import { TestReceiver } from '../../../test/features/webhooks/receiver.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { type StartedService, startService } from '../../../test/support/start-service.ts';

/** A number of the sandbox: the call is over at once. */
const BUSY = '+12025550101';
const CLIENT = { id: 'told', secret: 'a secret of more than 32 characters' };

const settings = {
  clients: [
    {
      ...{ ...CLIENT, grants: ['password', 'client_credentials'], access_token_seconds: 86_400 },
      ...{ scopes: ['call', 'application'], default_scopes: ['call'] },
    },
  ],
  limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
  policy: { max_ongoing_calls_per_user: 0 },
};

interface Reply {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

/** The built service with its sandbox, and a receiver that is told of everything. */
export class WebhookStage {
  readonly receiver = new TestReceiver();
  inbox!: Inbox;
  readonly #directory: string;
  readonly #port: number;
  #service!: StartedService;
  #userToken = '';

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
  }

  static async open(seed: number): Promise<WebhookStage> {
    const stage = new WebhookStage(await mkdtemp(join(tmpdir(), 'offhook-bench-')), await freePort());
    await stage.#start();
    await stage.receiver.open();
    stage.#userToken = await stage.#tokenFor({ grant_type: 'password', username: 'demo', password: 'demo' });
    const application = await stage.#tokenFor({ grant_type: 'client_credentials', scope: 'application' });
    const webhook = { url: `${stage.receiver.url}/hook`, events: webhookEvents };
    const made = await stage.#ask(application, '/rest/webhooks', webhook);
    stage.inbox = new Inbox((JSON.parse(made.body) as { readonly secret: string }).secret, seed);
    stage.receiver.answer = stage.inbox.take;
    return stage;
  }

  /** Until it is placed: the service may be away. @returns its token */
  async place(): Promise<string> {
    for (;;) {
      const reply = await this.#ask(this.#userToken, '/rest/call', { number: BUSY }).catch(() => undefined);
      const token = reply?.status === 201 ? new URL(reply.location).searchParams.get('token_call') : null;
      if (token !== null) return token;
      await pause(200);
    }
  }

  /** What happened in a call, by name. */
  async timelineOf(token: string): Promise<readonly string[]> {
    const { body } = await this.#ask(this.#userToken, `/rest/call?token_call=${token}&expand=events`);
    const { events } = JSON.parse(body) as { readonly events: readonly { readonly event: string }[] };
    return events.map(({ event }) => event);
  }

  async killAndStart(): Promise<void> {
    await this.#service.stop('SIGKILL');
    await this.#start();
  }

  async close(): Promise<void> {
    await this.#service.stop();
    await this.receiver.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const env = { PORT: String(this.#port), OFFHOOK_LOG_LEVEL: 'warn' };
    this.#service = await startService({ directory: this.#directory, settings, env });
  }

  async #tokenFor(fields: Readonly<Record<string, string>>): Promise<string> {
    const body = new URLSearchParams({ client_id: CLIENT.id, client_secret: CLIENT.secret, ...fields });
    const reply = await fetch(`${this.#service.baseUrl}/oauth/token`, { method: 'POST', body });
    return ((await reply.json()) as { readonly access_token: string }).access_token;
  }

  async #ask(token: string, path: string, body?: object): Promise<Reply> {
    const reply = await fetch(`${this.#service.baseUrl}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: reply.status, location: reply.headers.get('location') ?? '', body: await reply.text() };
  }
}
