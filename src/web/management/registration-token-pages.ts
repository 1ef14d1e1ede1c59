import { Router } from 'express';
import { z } from 'zod';
import type { Authorization } from '../../oauth/authorization.ts';
import { UnknownAccountError } from '../../oauth/model/errors.ts';
import {
  forLoggedIn,
  identifierOf,
  type PageRequest,
  type PageRequestDeps,
  replyDone,
  show,
} from '../login/page-request.ts';
import { fieldsOf, readBody } from '../page/page-body.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { registrationTokenView } from './application-list.ts';
import type { MadeSecret, ShownOnce } from './shown-once.ts';

export interface RegistrationTokenPagesDeps extends PageRequestDeps, Pick<Authorization, 'registrationTokenAdmin'> {
  readonly renderPage: RenderPage;
  readonly shownOnce: ShownOnce;
}

const LIST = '/management/api';
const path = `${LIST}/registration-tokens`;

/** A form sends its number as text. */
const days = z.union([z.number(), z.string().regex(/^\d{1,4}$/)]).transform(Number);
const newToken = z.object({ name: z.string(), days });

/** The registration tokens of the service, for administrators. */
export const createRegistrationTokenPages = (deps: RegistrationTokenPagesDeps): Router => {
  const { registrationTokenAdmin: tokens, shownOnce, renderPage } = deps;
  const loggedIn = forLoggedIn(deps);

  const make = async (pageRequest: PageRequest): Promise<MadeSecret> => {
    const { token, registrationToken } = await tokens.create(pageRequest, fieldsOf(pageRequest.request, newToken));
    const data = {
      title: registrationToken.name,
      text: 'Copy the registration token now: it is shown this once. Programs register clients with it.',
      facts: [{ label: 'Registration token', value: token }],
    };
    return { data, json: { ...registrationTokenView(registrationToken), token } };
  };

  const create = (pageRequest: PageRequest): Promise<void> =>
    shownOnce.reply(pageRequest, 201, () => make(pageRequest));

  const ask = async (pageRequest: PageRequest): Promise<void> => {
    const id = identifierOf(pageRequest);
    const token = (await tokens.list(pageRequest)).find(({ hash }) => hash === id);
    if (token === undefined) throw new UnknownAccountError('There is no such registration token.');
    const data = {
      title: `Delete the registration token ${token.name}?`,
      text: 'No program can register with it any more. What was registered with it stays.',
      action: pageRequest.request.path,
      button: 'Delete it',
      back: LIST,
    };
    const json = registrationTokenView(token);
    show(renderPage, pageRequest, { page: { view: 'confirm', status: 200, data }, json });
  };

  const remove = async (pageRequest: PageRequest): Promise<void> => {
    await tokens.delete(pageRequest, identifierOf(pageRequest));
    replyDone(pageRequest, `${LIST}?done=token-deleted`);
  };

  const list = async (pageRequest: PageRequest): Promise<void> => {
    const registration_tokens = (await tokens.list(pageRequest)).map(registrationTokenView);
    if (pageRequest.wants === 'page') replyDone(pageRequest, LIST);
    else pageRequest.response.vary('Accept').json({ registration_tokens });
  };

  return Router()
    .get(path, loggedIn(list))
    .post(path, readBody, loggedIn(create))
    .get(`${path}/:id/delete`, loggedIn(ask))
    .post(`${path}/:id/delete`, loggedIn(remove));
};
