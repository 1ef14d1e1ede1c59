import { Router } from 'express';
import { z } from 'zod';
import type { Authorization } from '../../oauth/authorization.ts';
import { UnknownAccountError } from '../../oauth/model/errors.ts';
import { registrationTokenView } from './application-list.ts';
import { fieldsOf, readBody } from '../page/page-body.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { forVisitors, goOn, identifierOf, show, type Visit, type VisitorDeps } from '../page/visit.ts';

export interface RegistrationTokenPagesDeps extends VisitorDeps, Pick<Authorization, 'registrationTokenAdmin'> {
  readonly renderPage: RenderPage;
}

const LIST = '/management/api';
const path = `${LIST}/registration-tokens`;

/** A form sends its number as text. */
const days = z.union([z.number(), z.string().regex(/^\d{1,4}$/)]).transform(Number);
const newToken = z.object({ name: z.string(), days });

/** The registration tokens of the service, for administrators. */
export const createRegistrationTokenPages = (deps: RegistrationTokenPagesDeps): Router => {
  const { registrationTokenAdmin: tokens, renderPage } = deps;
  const visitors = forVisitors(deps);

  const create = async (visit: Visit): Promise<void> => {
    const { token, registrationToken } = await tokens.create(visit, fieldsOf(visit.request, newToken));
    const data = {
      title: registrationToken.name,
      text: 'Copy the registration token now: it is shown this once. Programs register clients with it.',
      facts: [{ label: 'Registration token', value: token }],
    };
    const json = { ...registrationTokenView(registrationToken), token };
    show(renderPage, visit, { page: { view: 'secret', status: 201, data }, json });
  };

  const ask = async (visit: Visit): Promise<void> => {
    const id = identifierOf(visit);
    const token = (await tokens.list(visit)).find(({ hash }) => hash === id);
    if (token === undefined) throw new UnknownAccountError('There is no such registration token.');
    const data = {
      title: `Delete the registration token ${token.name}?`,
      text: 'No program can register with it any more. What was registered with it stays.',
      ...{ action: visit.request.path, button: 'Delete it', back: LIST },
    };
    const json = registrationTokenView(token);
    show(renderPage, visit, { page: { view: 'confirm', status: 200, data }, json });
  };

  const remove = async (visit: Visit): Promise<void> => {
    await tokens.delete(visit, identifierOf(visit));
    goOn(visit, `${LIST}?done=token-deleted`);
  };

  const list = async (visit: Visit): Promise<void> => {
    const registration_tokens = (await tokens.list(visit)).map(registrationTokenView);
    if (visit.wants === 'page') goOn(visit, LIST);
    else visit.response.vary('Accept').json({ registration_tokens });
  };

  return Router()
    .get(path, visitors(list))
    .post(path, readBody, visitors(create))
    .get(`${path}/:id/delete`, visitors(ask))
    .post(`${path}/:id/delete`, visitors(remove));
};
