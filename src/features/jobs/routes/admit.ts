import type { Request, Response } from 'express';
import type { CallRates } from '../../../calls/call-rates.ts';
import { authenticate } from '../../../http/authenticate.ts';
import { readFields } from '../../../http/body.ts';
import { InvalidRequestError, NotAcceptableError, NotFoundError } from '../../../http/errors.ts';
import { refuseUnknown } from '../../../http/known-names.ts';
import { type Format, negotiateFormat } from '../../../http/negotiate.ts';
import { type Query, queryOf } from '../../../http/query.ts';
import { showStanding } from '../../../http/rate-limit.ts';
import { tooSmall } from '../../../http/routes/call/viewer.ts';
import type { Permission } from '../../../oauth/model/permissions.ts';
import type { TokenVerifier } from '../../../oauth/request/principal.ts';
import type { Actor, JobServiceFace } from '../job-service.ts';

export interface JobRouteParts {
  readonly jobs: JobServiceFace;
  readonly verifier: TokenVerifier;
  readonly rates: Pick<CallRates, 'takeRead'>;
  /** Base of every address we hand out, without a slash at its end. */
  readonly publicUrl: string;
}

/** A request that may be answered. */
export interface Admitted {
  readonly actor: Actor;
  readonly query: Query;
  readonly format: Format;
}

interface Needs {
  /** What the token must allow, whoever the project belongs to. */
  readonly permission: Extract<Permission, `jobs:${string}`>;
  /** Known parameters beside the token. */
  readonly parameters?: readonly string[];
}

/** What a token would have to be given for. */
const scopeNeeded: Readonly<Record<Needs['permission'], string>> = {
  'jobs:read': 'public',
  'jobs:restart': 'public',
  'jobs:write': 'call',
};

/** A format that is not there is refused only where nothing has been done yet. */
const formatOf = ({ method, headers }: Request): Format => {
  const format = negotiateFormat(headers.accept);
  if (format !== undefined) return format;
  if (method === 'GET' || method === 'HEAD') throw new NotAcceptableError();
  return 'json';
};

/**
 * On whose behalf a request acts, what it asks and in which format it is answered.
 * @throws InsufficientScopeError when the token does not allow it, or stands for an application
 * @throws RateLimitedError when its token asks too often
 * @throws NotAcceptableError when a GET accepts neither JSON nor XML
 * @throws InvalidRequestError when a parameter is unknown
 * @throws Error as `authenticate`
 */
export const admit = async (
  { verifier, rates }: JobRouteParts,
  { request, response }: { readonly request: Request; readonly response: Response },
  { permission, parameters = [] }: Needs,
): Promise<Admitted> => {
  const query = queryOf(request);
  const { userId, username, clientId, permissions, tokenId } = await authenticate(verifier, request, query);
  const isAdministrator = permissions.has('administer');
  if (!isAdministrator && !permissions.has(permission)) throw tooSmall(scopeNeeded[permission]);
  showStanding(response, rates.takeRead(tokenId));
  const format = formatOf(request);
  refuseUnknown('parameter', { names: [...(query?.keys() ?? [])], known: [...parameters, 'access_token'] });
  const reach = isAdministrator ? 'everybody' : 'own';
  return { actor: { userId, username, clientId, reach }, query, format };
};

const ID = /^[1-9]\d{0,14}$/;

/**
 * The number in an address.
 * @throws NotFoundError where it is none: nothing has such an address
 */
export const idIn = ({ params }: Request): number => {
  const { id } = params;
  if (typeof id !== 'string' || !ID.test(id)) throw new NotFoundError();
  return Number(id);
};

/**
 * A command that has all it needs in its address.
 * @throws InvalidRequestError when its body has fields, which would be ignored
 * @throws Error as `readFields`
 */
export const refuseFields = async (request: Request, response: Response): Promise<void> => {
  const [field] = Object.keys(await readFields(request, response));
  if (field === undefined) return;
  throw new InvalidRequestError(`${field.slice(0, 64)} is no field here: there are none.`, { details: { field } });
};
