import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallAdmission } from '../calls/call-admission.ts';
import type { CallService } from '../calls/call-service.ts';
import type { Config } from '../config/config.ts';
import { createApp } from '../http/app.ts';
import type { Readiness } from '../http/dispatcher.ts';
import { WebhooksRoute } from '../features/webhooks/routes/webhooks-route.ts';
import type { WebhookService } from '../features/webhooks/webhook-service.ts';
import type { Authorization } from '../oauth/authorization.ts';
import type { PasswordHasher } from '../oauth/model/secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { deriveKey } from '../storage/secret-key.ts';
import type { Stores } from '../storage/stores.ts';
import { composeAuthorization } from './authorization.ts';
import { composeCallRates } from './calls.ts';
import { composeWeb } from './web.ts';

export interface ApplicationOptions {
  readonly config: Config;
  readonly publicUrl: string;
  readonly stores: Stores;
  readonly secretKey: Buffer;
  readonly hasher: PasswordHasher;
  readonly calls: CallService;
  readonly webhooks: WebhookService;
  readonly admission: CallAdmission;
  /** Whether calls can be placed now. */
  readonly readiness: () => Readiness;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

export interface Application {
  readonly listener: RequestListener;
  /** When tokens were last used: noted in memory, to be flushed now and then. */
  readonly tokenUses: Authorization['tokenUses'];
}

/** The password grant of RFC 6749 needs a client; in the sandbox that of its test runner may be left out. */
const SANDBOX_FIRST_PARTY = 'demo-tests';

/** The folder of package.json, from the sources and from the build. */
const projectRoot = (): string => {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
};

/** Everything that answers over HTTP: the API, the authorization server and the pages. */
export const composeApplication = (options: ApplicationOptions): Application => {
  const { config, publicUrl, stores, secretKey, hasher, calls, webhooks, admission, readiness, clock, ids, log } =
    options;
  const { sandbox, settings } = config;
  const authorization = composeAuthorization({
    stores,
    hasher,
    publicUrl,
    sandbox,
    firstPartyClientId: settings.first_party_client ?? (sandbox ? SANDBOX_FIRST_PARTY : undefined),
    basicLogin: settings.basic_login ?? sandbox,
    tokenRequestsPerSecondPerClient: settings.limits.token_requests_per_second_per_client,
    clock,
    ids,
    log,
  });
  const { directRoutes, routers, pageErrors } = composeWeb({
    authorization,
    stores,
    publicUrl,
    sandbox,
    cookieSecret: deriveKey(secretKey, 'session cookie').toString('base64url'),
    viewsDirectory: join(projectRoot(), 'views'),
    clock,
    ids,
    log,
  });
  const { tokenVerifier: verifier } = authorization;
  const rates = composeCallRates(settings, clock);
  const listener = createApp({
    publicUrl,
    calls,
    verifier,
    rates,
    reads: [],
    trustedProxies: config.http.trustedProxies,
    hosts: sandbox ? 'loopback' : 'any',
    admission,
    readiness,
    directRoutes: [...directRoutes, new WebhooksRoute({ webhooks, verifier, rates, publicUrl })],
    routers,
    pageErrors,
    clock,
    ids,
    log,
  });
  return { listener, tokenUses: authorization.tokenUses };
};
