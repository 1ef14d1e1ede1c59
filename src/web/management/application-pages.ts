import { Router } from 'express';
import type { Client } from '../../oauth/model/account-stores.ts';
import type { ClientWithSecret } from '../../oauth/clients/client-description.ts';
import { InvalidAccountError, UnknownAccountError } from '../../oauth/model/errors.ts';
import { applicationForm, faultsOf } from './application-form.ts';
import { type ApplicationListDeps, applicationView, createApplicationList } from './application-list.ts';
import type { SecretView } from './management-views.ts';
import { fieldsOf, readBody } from '../page/page-body.ts';
import { forVisitors, goOn, identifierOf, show, type Visit, type VisitorDeps } from '../page/visit.ts';

const path = '/management/api';

interface Question {
  readonly title: string;
  readonly text: string;
  readonly button: string;
}

const secretQuestion: Question = {
  title: 'A new secret for',
  text: 'The present secret and all tokens of the application are worth nothing from then on.',
  button: 'Make a new secret',
};

const deletionQuestion: Question = {
  title: 'Delete',
  text: 'All its tokens are revoked, and what people allowed it is forgotten. This cannot be undone.',
  button: 'Delete it',
};

const secretShown = ({ client, secret }: ClientWithSecret): { readonly data: SecretView; readonly json: object } => {
  const id = { label: 'Client id', value: client.id };
  if (secret === null) {
    const text = 'A public application has no secret. Its requests need a code challenge (PKCE).';
    return { data: { title: client.name, text, facts: [id] }, json: applicationView(client) };
  }
  const text = 'Copy the secret now: it is shown this once. Whoever has it can act as the application.';
  const facts = [id, { label: 'Client secret', value: secret }];
  return { data: { title: client.name, text, facts }, json: { ...applicationView(client), client_secret: secret } };
};

/** A person's own applications under `/management/api`. */
export const createApplicationPages = (deps: ApplicationListDeps & VisitorDeps): Router => {
  const { applicationAdmin: applications, renderPage } = deps;
  const visitors = forVisitors(deps);
  const list = createApplicationList(deps);

  const find = async (visit: Visit): Promise<Client> => {
    const id = identifierOf(visit);
    const found = (await applications.list(visit)).find((own) => own.id === id);
    if (found === undefined) throw new UnknownAccountError(`There is no application ${id}.`);
    return found;
  };

  const showSecret = (visit: Visit, status: 200 | 201, withSecret: ClientWithSecret): void => {
    const { data, json } = secretShown(withSecret);
    show(renderPage, visit, { page: { view: 'secret', status, data }, json });
  };

  const create = async (visit: Visit): Promise<void> => {
    const described = fieldsOf(visit.request, applicationForm);
    const created = await applications.create(visit, described).catch((error: unknown) => {
      if (error instanceof InvalidAccountError && visit.wants === 'page') return error;
      throw error;
    });
    if (created instanceof InvalidAccountError) {
      await list(visit, { application: described, faults: faultsOf(created) });
    } else {
      showSecret(visit, 201, created);
    }
  };

  const ask =
    ({ title, text, button }: Question) =>
    async (visit: Visit): Promise<void> => {
      const client = await find(visit);
      const data = { title: `${title} ${client.name}?`, text, button, action: visit.request.path, back: path };
      show(renderPage, visit, { page: { view: 'confirm', status: 200, data }, json: applicationView(client) });
    };

  const rotate = async (visit: Visit): Promise<void> =>
    showSecret(visit, 200, await applications.rotateSecret(visit, identifierOf(visit)));

  const remove = async (visit: Visit): Promise<void> => {
    await applications.delete(visit, identifierOf(visit));
    goOn(visit, `${path}?done=deleted`);
  };

  return Router()
    .get(
      path,
      visitors((visit) => list(visit)),
    )
    .post(`${path}/applications`, readBody, visitors(create))
    .get(`${path}/applications/:id/secret`, visitors(ask(secretQuestion)))
    .post(`${path}/applications/:id/secret`, visitors(rotate))
    .get(`${path}/applications/:id/delete`, visitors(ask(deletionQuestion)))
    .post(`${path}/applications/:id/delete`, visitors(remove));
};
