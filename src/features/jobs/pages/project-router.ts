import { Router } from 'express';
import { createCsrfGuard } from '../../../web/page/csrf.ts';
import { createPageErrorHandler } from '../../../web/page/page-errors.ts';
import { createPageSecurityHeaders } from '../../../web/page/security-headers.ts';
import { JobPages } from './job-pages.ts';
import { type ProjectPageParts, PROJECTS } from './page-parts.ts';
import { ProjectPages } from './project-pages.ts';
import { SoundPages } from './sound-pages.ts';

/** The pages of test calls, for users who are logged in. Needs the session middleware before it. */
export const createProjectRouter = (parts: ProjectPageParts): Router =>
  Router()
    .use(PROJECTS, createPageSecurityHeaders({ publicUrl: parts.publicUrl, formTargets: 'own-pages' }))
    .use(PROJECTS, createCsrfGuard(parts))
    .use(new SoundPages(parts).routes(), new ProjectPages(parts).routes(), new JobPages(parts).routes())
    .use(PROJECTS, createPageErrorHandler(parts));
