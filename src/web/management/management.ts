import { Router } from 'express';
import { seeOther } from '../login/page-request.ts';
import { createCsrfGuard } from '../page/csrf.ts';
import { createPageErrorHandler } from '../page/page-errors.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';
import { type AccountPagesDeps, createAccountPages } from './account-pages.ts';
import type { ApplicationListDeps } from './application-list.ts';
import { createApplicationPages } from './application-pages.ts';
import { type AuditPagesDeps, createAuditPages } from './audit-pages.ts';
import { createGrantedPages, type GrantedPagesDeps } from './granted-pages.ts';
import { createKeyPairPages, type KeyPairPagesDeps } from './key-pair-pages.ts';
import { createRegistrationTokenPages, type RegistrationTokenPagesDeps } from './registration-token-pages.ts';
import { ShownOnce, type ShownOnceDeps } from './shown-once.ts';

export interface ManagementRouterDeps
  extends
    ShownOnceDeps,
    Omit<ApplicationListDeps, 'shownOnce'>,
    Omit<KeyPairPagesDeps, 'shownOnce'>,
    Omit<RegistrationTokenPagesDeps, 'shownOnce'>,
    GrantedPagesDeps,
    AccountPagesDeps,
    AuditPagesDeps {
  readonly publicUrl: string;
}

const path = '/management';

/** The pages under `/management`, for users who are logged in. Needs the session middleware before it. */
export const createManagementRouter = (deps: ManagementRouterDeps): Router => {
  const shownOnce = new ShownOnce(deps);
  const secrets = { ...deps, shownOnce };
  return Router()
    .use(path, createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'own-pages' }))
    .use(path, createCsrfGuard(deps))
    .get(path, (_request, response) => seeOther(response, `${path}/api`))
    .use(createApplicationPages(secrets), createKeyPairPages(secrets), createRegistrationTokenPages(secrets))
    .use(shownOnce.pages(deps))
    .use(createGrantedPages(deps), createAccountPages(deps), createAuditPages(deps))
    .use(path, createPageErrorHandler(deps));
};
