import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ensureSandboxAccounts } from '../../../src/app/accounts/sandbox-accounts.ts';
import { composeAuthorization } from '../../../src/app/authorization.ts';
import { composeEvents, type Events } from '../../../src/app/events.ts';
import { CallAdmission } from '../../../src/calls/call-admission.ts';
import type { Requester } from '../../../src/calls/call-command.ts';
import { createCallRates } from '../../../src/calls/call-rates.ts';
import { CallFeed } from '../../../src/calls/feed/call-feed.ts';
import { createApp } from '../../../src/http/app.ts';
import { type ConnectionLimits, defaultLimits } from '../../../src/http/connections/connection-limits.ts';
import { Connections } from '../../../src/http/connections/connections.ts';
import { MeRoute } from '../../../src/http/routes/me/me.ts';
import type { Scope } from '../../../src/oauth/model/permissions.ts';
import { hashSecret } from '../../../src/oauth/model/secrets.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { SecretBox } from '../../../src/storage/secret-box.ts';
import { PageTokens } from '../../../src/web/login/page-tokens.ts';
import { type CallWorld, createCallWorld } from '../../support/call-world.ts';
import { createCheapHasher } from '../../support/cheap-hasher.ts';
import { settle } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';

/** One event as a reader understands it. */
export interface ReadEvent {
  readonly event: string;
  readonly id: string;
  readonly data: {
    readonly event?: string;
    readonly sequence?: number;
    readonly reason?: string;
    readonly total?: number;
    readonly reset?: boolean;
    readonly call?: { readonly token_call: string; readonly state: string };
    readonly calls?: readonly { readonly token_call: string; readonly state: string }[];
  };
}

interface AskOptions {
  readonly token?: string;
  readonly method?: string;
  readonly headers?: object;
  readonly body?: string;
}

const TURNS = 5000;

/** A reader of the stream, on a connection of its own. */
export class Reader {
  readonly response: IncomingMessage;
  text = '';
  state: 'open' | 'ended' = 'open';

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    response.on('error', () => undefined).on('close', () => (this.state = 'ended'));
  }

  /** Those that are whole. */
  get events(): readonly ReadEvent[] {
    return this.text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => block.includes('data: '))
      .map((block) => {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        return { event: field('event'), id: field('id'), data: JSON.parse(field('data')) as ReadEvent['data'] };
      });
  }

  get names(): readonly string[] {
    return this.events.map(({ event }) => event);
  }

  leave(): void {
    this.response.destroy();
  }
}

/** What is told of events, over the real service parts and a real database; only the engine does what the test says. */
export class EventWorld {
  readonly calls: CallWorld;
  readonly log = new RecordedLog();
  readonly #authorization: ReturnType<typeof composeAuthorization>;
  readonly #closing: (() => void)[] = [];
  readonly #pageTokens: PageTokens;
  #port = 0;
  events!: Events;

  private constructor(calls: CallWorld) {
    this.calls = calls;
    const { stores, clock } = calls;
    this.#authorization = composeAuthorization({
      ...{ stores, clock, log: this.log, hasher: createCheapHasher(), ids: createSystemIds() },
      ...{ publicUrl: 'http://localhost:8888', sandbox: true, firstPartyClientId: undefined, basicLogin: false },
      tokenRequestsPerSecondPerClient: 0,
    });
    const { tokenVerifier, currentUser } = this.#authorization;
    const seal = new SecretBox(stores.secretKey, 'page token');
    this.#pageTokens = new PageTokens({ tokenVerifier, currentUser, sessions: stores.sessions, seal, clock });
  }

  static async open(limits: Partial<ConnectionLimits> = {}): Promise<EventWorld> {
    const world = new EventWorld(await createCallWorld());
    const { stores, clock } = world.calls;
    await stores.feed.begin('the file', 'epoch');
    await ensureSandboxAccounts({
      ...{ stores, clock, publicUrl: 'http://localhost:8888', hasher: createCheapHasher() },
      ...{ ids: createSystemIds(), log: world.log },
    });
    for (const name of ['demo', 'operator']) {
      const { userId } = await world.requester(name);
      const uri = `sip:${name}@127.0.0.1`;
      await stores.phoneBook.addPhone({ userId, name: uri, endpoint: { kind: 'address', uri } });
    }
    await world.serve(limits);
    return world;
  }

  /** Serves; again, as after a restart: of what was before, nothing is left but the database and the key. */
  async serve(limits: Partial<ConnectionLimits> = {}): Promise<void> {
    const { calls, stores, clock } = this.calls;
    const { log } = this;
    const feed = new CallFeed({ store: stores.feed, calls: stores.calls, clock, log });
    calls.on('changed', () => feed.hint());
    const verifier = this.#pageTokens;
    const rates = createCallRates({ callsPerSecondPerToken: 0, readsPerSecondPerToken: 0 }, clock);
    const publicUrl = 'http://localhost:8888';
    const { secretKey } = stores;
    this.events = composeEvents({ publicUrl, calls, feed, verifier, rates, secretKey, clock, log });
    const me = new MeRoute({ verifier, rates, phones: stores.phones, limits: { reads_per_second_per_token: 100 } });
    const app = createApp({
      ...{ publicUrl, calls, verifier, rates, clock, log, ids: createSystemIds(), reads: [], waits: this.events.waits },
      ...{ admission: new CallAdmission({ clock, log, signallingDelayMs: () => 0 }), trustedProxies: [], hosts: 'any' },
      ...{ readiness: () => ({ status: 'ready' }), routers: [], directRoutes: [...this.events.directRoutes, me] },
      pageErrors: (error, _request, _response, next) => next(error),
    });
    const connections = new Connections({ limits: { ...defaultLimits(), ...limits }, clock, log });
    const server = createServer(connections.guard(app, publicUrl));
    connections.watch(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#closing.push(() => {
      connections.close();
      server.close();
      server.closeAllConnections();
    });
  }

  async requester(username: string): Promise<Requester> {
    const user = await this.calls.stores.users.findByUsername(username);
    return { userId: user?.id ?? '', username, clientId: 'demo-app', scope: 'own' };
  }

  /** @returns a token of a grant of its own; `null` for the client itself */
  async issue(username: string | null, scopes: readonly Scope[], seconds = 3600): Promise<string> {
    const { stores, clock } = this.calls;
    const token = createSystemIds().random(256);
    const [createdAt, id] = [clock.now(), `family of ${token}`];
    const userId = username === null ? null : (await this.requester(username)).userId;
    const expiresAt = createdAt + seconds * 1000;
    const access = { hash: hashSecret(token), familyId: id, scopes, dpopKey: null, createdAt, expiresAt };
    await stores.tokens.start(
      { id, clientId: 'demo-app', userId, scopes, createdAt, expiresAt },
      { access, refresh: null },
    );
    return token;
  }

  /** @returns a page token of a session of its own, how it gets another one, and how that session ends */
  async issueToPage(username: string, scopes: readonly Scope[]) {
    const { stores, clock } = this.calls;
    const hash = createSystemIds().random(256);
    const { userId } = await this.requester(username);
    const data = JSON.stringify({ user: { id: userId, username }, login: { at: clock.now() } });
    await stores.sessions.save({ hash, userId, data, expiresAt: clock.now() + 3_600_000 });
    const make = (): string => this.#pageTokens.make(hash, scopes);
    return { token: make(), again: make, logOut: () => stores.sessions.delete(hash) };
  }

  async revoke(token: string): Promise<void> {
    await this.calls.stores.tokens.revokeFamily(`family of ${token}`);
  }

  /** Lets time pass until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) {
      if (isSo()) return;
      await this.calls.clock.advanceAsync(1);
    }
    throw new Error('it did not become so');
  }

  /** Sends a request. */
  send(path: string, { token, method = 'GET', headers = {}, body }: AskOptions = {}): ClientRequest {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const sent = request({ port: this.#port, path, method, headers: { ...authorization, ...headers }, agent: false });
    sent.on('error', () => undefined).end(body);
    return sent;
  }

  /** Sends a request, and lets time pass until it is answered. */
  async ask(path: string, options: AskOptions = {}): Promise<Reader> {
    let reader: Reader | undefined;
    this.send(path, options).on('response', (response) => (reader = new Reader(response)));
    await this.until(() => reader !== undefined);
    return reader as unknown as Reader;
  }

  /** Opens a stream, and lets time pass until it has begun. */
  async follow(token: string, query = '', headers: object = {}): Promise<Reader> {
    const reader = await this.ask(`/rest/call/events${query}`, { token, headers });
    await this.until(() => reader.text.includes('\n\n'));
    return reader;
  }

  async place(username: string): Promise<string> {
    const placed = await this.calls.calls.place({ number: '+12025550100' }, await this.requester(username));
    return placed.tokenCall;
  }

  /** A call from its beginning to the end of both legs. */
  async play(username: string): Promise<string> {
    const tokenCall = await this.place(username);
    this.calls.engine.last.connect();
    await this.calls.calls.stop(tokenCall, await this.requester(username));
    return tokenCall;
  }

  async close(): Promise<void> {
    await this.events.close();
    for (const close of this.#closing) close();
    await settle();
    await this.calls.close();
  }
}
