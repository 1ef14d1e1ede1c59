import { Router } from 'express';
import type { Authorization } from '../../../oauth/authorization.ts';
import type { Log } from '../../../shared/log.ts';
import { allowAnyOrigin, answerPreflight } from '../../cors.ts';
import { formOf, readForm } from '../../oauth/form.ts';
import { routeOf } from '../../oauth/presented-token.ts';
import { refuseMethod } from '../../refuse-method.ts';
import { tokenNoStore } from '../../reply.ts';
import { createTokenErrorHandler } from './token-error.ts';

export interface DeviceAuthorizationRouterParts extends Pick<Authorization, 'deviceAuthorization'> {
  readonly log: Log;
}

const path = '/oauth/device';

/** The device authorization endpoint (RFC 8628 section 3.1). Open to every origin, for it uses no session. */
export const createDeviceAuthorizationRouter = ({
  deviceAuthorization,
  log,
}: DeviceAuthorizationRouterParts): Router => {
  const router = Router();
  router.use(path, (_request, response, next) => {
    response.set(tokenNoStore);
    allowAnyOrigin(response);
    next();
  });
  router.post(path, readForm, async (request, response) => {
    const { headers, ip: address = '' } = request;
    const asked = {
      parameters: formOf(request),
      authorization: headers.authorization,
      route: routeOf(headers),
      address,
    };
    response.json(await deviceAuthorization.begin(asked));
  });
  router.options(path, (request, response) => {
    response.set('Allow', 'POST');
    answerPreflight(request, response, 'POST');
  });
  router.all(path, refuseMethod('POST'));
  router.use(path, createTokenErrorHandler({ log }));
  return router;
};
