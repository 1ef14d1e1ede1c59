import type { CallService } from '../../../calls/call-service.ts';
import type { Authorization } from '../../../oauth/authorization.ts';
import { BUILT_IN_CLIENT_ID } from '../../../oauth/model/account-stores.ts';
import { hashSecret } from '../../../oauth/model/secrets.ts';
import type { WallClock } from '../../../shared/clock.ts';
import type { IdSource } from '../../../shared/ids.ts';
import type { PageRequest } from '../../../web/login/page-request.ts';
import { sessionHash } from '../../../web/login/session.ts';
import { formIdOf } from '../../../web/page/page-body.ts';
import type { RenderPage } from '../../../web/page/page-renderer.ts';
import { JobsNotFoundError } from '../errors.ts';
import type { Actor, JobServiceFace } from '../job-service.ts';

export interface ProjectPageParts extends Pick<Authorization, 'currentUser' | 'keptReplies'> {
  readonly jobs: JobServiceFace;
  readonly calls: Pick<CallService, 'info'>;
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
  readonly clock: WallClock;
  readonly ids: IdSource;
}

export const PROJECTS = '/management/projects';

/** On whose behalf a page acts. */
export const actorOf = ({ user }: PageRequest): Actor => ({
  userId: user.id,
  username: user.username,
  clientId: BUILT_IN_CLIENT_ID,
  reach: user.role === 'admin' ? 'everybody' : 'own',
});

/**
 * The number of a project, job or run in the address.
 * @throws JobsNotFoundError where it is none
 */
export const numberIn = (
  { request }: PageRequest,
  parameter: 'id' | 'job' | 'run',
  what: 'project' | 'job' | 'test run',
): number => {
  const text = String(request.params[parameter]);
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new JobsNotFoundError(what);
  return Number(text);
};

const FORM_ID_BITS = 128;
const ONCE_MS = 10 * 60 * 1000;

/** For the `form_id` of a form that makes something. */
export const newFormId = ({ ids }: Pick<ProjectPageParts, 'ids'>): string => ids.random(FORM_ID_BITS);

/**
 * Makes something, once for a form that is sent twice with the same fields.
 * @returns the id of what was made
 * @throws Error as `make` does
 */
export const makeOnce = async (
  { keptReplies, ids }: Pick<ProjectPageParts, 'keptReplies' | 'ids'>,
  { request, user }: PageRequest,
  make: () => Promise<{ readonly id: number }>,
): Promise<number> => {
  const formId = formIdOf(request) ?? newFormId({ ids });
  const form = hashSecret(JSON.stringify([request.path, formId, request.body ?? null]));
  const key = { sessionHash: sessionHash(request), userId: user.id, name: `made ${form}` };
  const lifetimeMs = ONCE_MS;
  return Number(await keptReplies.once({ key, lifetimeMs }, async () => String((await make()).id)));
};
