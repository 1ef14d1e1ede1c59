import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Router } from 'express';
import type { CallAdmission } from '../calls/call-admission.ts';
import type { CallService } from '../calls/call-service.ts';
import type { CallFeed } from '../calls/feed/call-feed.ts';
import type { Config } from '../config/config.ts';
import type { JobService } from '../features/jobs/job-service.ts';
import { createProjectRouter } from '../features/jobs/pages/project-router.ts';
import { createJobsRouter } from '../features/jobs/routes/jobs-router.ts';
import { WebhookPages } from '../features/webhooks/pages/webhook-pages.ts';
import { WebhooksRoute } from '../features/webhooks/routes/webhooks-route.ts';
import type { WebhookService } from '../features/webhooks/webhook-service.ts';
import { createApp } from '../http/app.ts';
import type { Readiness } from '../http/dispatcher.ts';
import { MeRoute } from '../http/routes/me/me.ts';
import type { Authorization } from '../oauth/authorization.ts';
import type { PasswordHasher } from '../oauth/model/secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { SecretBox } from '../storage/secret-box.ts';
import { deriveKey } from '../storage/secret-key.ts';
import type { Stores } from '../storage/stores.ts';
import { composeAuthorization } from './authorization.ts';
import { composeCallRates } from './calls.ts';
import { composeEvents } from './events.ts';
import { composeHistory } from './history.ts';
import { composeWeb, type Web } from './web.ts';

export interface ApplicationOptions {
  readonly config: Config;
  readonly publicUrl: string;
  readonly stores: Stores;
  readonly secretKey: Buffer;
  readonly hasher: PasswordHasher;
  readonly calls: CallService;
  readonly jobs: JobService;
  readonly webhooks: WebhookService;
  readonly feed: CallFeed;
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
  /** Ends what tells of calls: after the calls, so that it tells of their ends. */
  readonly closeEvents: () => Promise<void>;
}

/** The password grant of RFC 6749 needs a client; in the sandbox that of its test runner may be left out. */
const SANDBOX_FIRST_PARTY = 'demo-tests';

/** The folder of package.json, from the sources and from the build. */
const projectRoot = (): string => {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
};

/** What a token is told of its limits. */
const shownLimits = ({ limits, policy }: Config['settings']): Record<string, number> => ({
  calls_per_second_per_token: limits.calls_per_second_per_token,
  reads_per_second_per_token: limits.reads_per_second_per_token,
  max_ongoing_calls_per_user: policy.max_ongoing_calls_per_user,
});

const authorizationOf = ({ config, publicUrl, stores, hasher, clock, ids, log }: ApplicationOptions): Authorization => {
  const { sandbox, settings } = config;
  return composeAuthorization({
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
};

/** What programs ask for with a token, beside the call resource itself. */
const composeApi = (options: ApplicationOptions, { verifier }: Pick<Web, 'verifier'>) => {
  const { config, publicUrl, stores, secretKey, calls, feed, jobs, webhooks, clock, log } = options;
  const { settings } = config;
  const rates = composeCallRates(settings, clock);
  const api = { publicUrl, calls, verifier, rates, secretKey, clock };
  const history = composeHistory({ ...api, homeCountry: settings.policy.home_country, stores });
  const events = composeEvents({ ...api, feed, log });
  const me = new MeRoute({ verifier, rates, phones: stores.phones, limits: shownLimits(settings) });
  const webhooksRoute = new WebhooksRoute({ webhooks, verifier, rates, publicUrl });
  return {
    deps: { publicUrl, calls, verifier, rates, reads: history.reads, waits: events.waits },
    directRoutes: [...events.directRoutes, history.directRoute, me, webhooksRoute],
    router: createJobsRouter({ jobs, verifier, rates, publicUrl }),
    closeEvents: events.close,
  };
};

/** Everything that answers over HTTP: the API, the authorization server and the pages. */
export const composeApplication = (options: ApplicationOptions): Application => {
  const { config, publicUrl, stores, secretKey, calls, jobs, webhooks, admission, readiness, clock, ids, log } =
    options;
  const { sandbox } = config;
  const authorization = authorizationOf(options);
  const web = composeWeb({
    authorization,
    stores,
    publicUrl,
    sandbox,
    cookieSecret: deriveKey(secretKey, 'session cookie').toString('base64url'),
    pageTokenSeal: new SecretBox(secretKey, 'page token'),
    viewsDirectory: join(projectRoot(), 'views'),
    clock,
    ids,
    log,
    featurePages: (parts) =>
      Router()
        .use(createProjectRouter({ ...parts, jobs, calls }))
        .use(new WebhookPages({ ...parts, webhooks }).routes()),
  });
  const { deps, directRoutes, router, closeEvents } = composeApi(options, web);
  const listener = createApp({
    ...deps,
    trustedProxies: config.http.trustedProxies,
    hosts: sandbox ? 'loopback' : 'any',
    admission,
    readiness,
    directRoutes: [...web.directRoutes, ...directRoutes],
    routers: [router, ...web.routers],
    pageErrors: web.pageErrors,
    clock,
    ids,
    log,
  });
  return { listener, tokenUses: authorization.tokenUses, closeEvents };
};
