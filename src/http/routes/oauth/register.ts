import express, {
  type ErrorRequestHandler,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from 'express';
import type { Authorization } from '../../../oauth/authorization.ts';
import { InvalidTokenError, TooManyRequestsError } from '../../../oauth/model/errors.ts';
import type { Log } from '../../../shared/log.ts';
import { challengeOf } from '../../challenge.ts';
import { UnsupportedMediaTypeError } from '../../errors.ts';
import { presentedToken } from '../../oauth/presented-token.ts';
import { asAppError, statusOf } from '../../problem.ts';
import { refuseMethod } from '../../refuse-method.ts';
import { tokenNoStore } from '../../reply.ts';
import { clientToRegister, parseClientMetadata, registeredMetadata } from './client-metadata.ts';

export interface RegisterRouterParts extends Pick<Authorization, 'clientRegistration'> {
  readonly log: Log;
}

const path = '/oauth/register';
const JSON_TYPE = 'application/json';

const parseJson: RequestHandler = express.json({ type: JSON_TYPE, limit: '32kb' });

/**
 * Besides its own error it throws those of express: 413 above 32 KiB, 400.
 * @throws UnsupportedMediaTypeError where the body is not JSON
 */
const readJson = (request: Request, response: Response): Promise<unknown> => {
  if (request.is(JSON_TYPE) === false) throw new UnsupportedMediaTypeError(`The body must be ${JSON_TYPE}.`);
  return new Promise((resolve, reject) => {
    const next: NextFunction = (error) => {
      if (error === undefined) resolve(request.body);
      else reject(error instanceof Error ? error : new Error('the body cannot be read'));
    };
    parseJson(request, response, next);
  });
};

/** The body of RFC 7591 section 3.2.2; a refused token has the challenge of RFC 6750 section 3 besides. */
const createErrorHandler =
  ({ log }: Pick<RegisterRouterParts, 'log'>): ErrorRequestHandler =>
  (thrown: unknown, { headers: { authorization } }, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const error = asAppError(thrown);
    if (error === undefined) log.error({ err: thrown }, 'a registration failed');
    const challenge = error && challengeOf(error, { authorization, resourceMetadata: undefined });
    if (challenge !== undefined) response.set('WWW-Authenticate', challenge);
    if (error instanceof TooManyRequestsError) response.set('Retry-After', String(error.retryAfterSeconds));
    const { code = 'server_error', message } = error ?? {};
    response
      .status(statusOf(error))
      .json({ error: code, ...(message !== undefined && { error_description: message }) });
  };

/** The client registration endpoint (RFC 7591), for programs with a registration token of an administrator. */
export const createRegisterRouter = ({ clientRegistration, log }: RegisterRouterParts): Router => {
  const permit = (request: Request) => {
    const { token, scheme, route } = presentedToken(request);
    if (scheme !== 'bearer') throw new InvalidTokenError();
    return clientRegistration.permit(token, route);
  };

  const router = Router();
  router.use(path, (_request, response, next) => {
    response.set(tokenNoStore);
    next();
  });
  router.post(path, async (request, response) => {
    const permitted = await permit(request);
    const asked = parseClientMetadata(await readJson(request, response));
    const registered = await clientRegistration.register(clientToRegister(asked), permitted, request.ip ?? '');
    response.status(201).json(registeredMetadata(registered, asked));
  });
  router.all(path, refuseMethod('POST'));
  router.use(path, createErrorHandler({ log }));
  return router;
};
