import { Router } from 'express';
import { z } from 'zod';
import type { ClientWithSecret } from '../../oauth/clients/client-description.ts';
import type { Client } from '../../oauth/model/account-stores.ts';
import { InvalidAccountError, UnknownAccountError } from '../../oauth/model/errors.ts';
import {
  forLoggedIn,
  identifierOf,
  type PageRequest,
  type PageRequestDeps,
  replyDone,
  show,
} from '../login/page-request.ts';
import { fieldsOf, readBody } from '../page/page-body.ts';
import type { PageData } from '../page/page-data.ts';
import { createApplicationChanges } from './application-changes.ts';
import { applicationForm, faultsOf } from './application-form.ts';
import { type ApplicationListDeps, applicationView, createApplicationList } from './application-list.ts';
import type { MadeSecret } from './shown-once.ts';

const path = '/management/api';

interface Question {
  readonly title: string;
  readonly text: string;
  readonly button: string;
  readonly choice?: NonNullable<PageData['confirm']['choice']>;
}

const secretQuestion: Question = {
  title: 'A new secret for',
  text: 'A secret that others know must end at once, and all tokens of the application end with it. Otherwise the present one may be taken for a while beside the new one, until every copy of the application has that; no token ends then.',
  button: 'Make a new secret',
  choice: {
    name: 'overlap_hours',
    legend: 'The present secret ends',
    options: [
      { value: '24', label: 'in 24 hours' },
      { value: '168', label: 'in 7 days' },
      { value: '0', label: 'at once, with all tokens' },
    ],
  },
};

const deletionQuestion: Question = {
  title: 'Delete',
  text: 'All its tokens are revoked, and what people allowed it is forgotten. This cannot be undone.',
  button: 'Delete it',
};

/** A program that says nothing of an overlap wants none. The application's own limit is 90 days. */
const rotationForm = z.object({ overlap_hours: z.coerce.number().int().min(0).max(2160).default(0) });

const secretShown = ({ client, secret }: ClientWithSecret): MadeSecret => {
  const id = { label: 'Client id', value: client.id };
  if (secret === null) {
    const text = 'A public application has no secret. Its requests need a code challenge (PKCE).';
    return { data: { title: client.name, text, facts: [id] }, json: applicationView(client) };
  }
  const text = 'Copy the secret now: it is shown this once. Whoever has it can act as the application.';
  const facts = [id, { label: 'Client secret', value: secret }];
  return { data: { title: client.name, text, facts }, json: { ...applicationView(client), client_secret: secret } };
};

/** A user's own applications under `/management/api`. */
export const createApplicationPages = (deps: ApplicationListDeps & PageRequestDeps): Router => {
  const { applicationAdmin: applications, shownOnce, renderPage } = deps;
  const loggedIn = forLoggedIn(deps);
  const list = createApplicationList(deps);

  const find = async (pageRequest: PageRequest): Promise<Client> => {
    const id = identifierOf(pageRequest);
    const found = (await applications.list(pageRequest)).find((own) => own.id === id);
    if (found === undefined) throw new UnknownAccountError(`There is no application ${id}.`);
    return found;
  };

  const create = async (pageRequest: PageRequest): Promise<void> => {
    const described = fieldsOf(pageRequest.request, applicationForm);
    const make = async (): Promise<MadeSecret> => secretShown(await applications.create(pageRequest, described));
    await shownOnce.reply(pageRequest, 201, make).catch(async (error: unknown) => {
      if (!(error instanceof InvalidAccountError) || pageRequest.wants === 'json') throw error;
      await list(pageRequest, { application: described, faults: faultsOf(error) });
    });
  };

  const ask =
    ({ title, ...question }: Question) =>
    async (pageRequest: PageRequest): Promise<void> => {
      const client = await find(pageRequest);
      const words = { title: `${title} ${client.name}?`, ...question };
      const data = { ...words, action: pageRequest.request.path, back: path, formId: shownOnce.newFormId() };
      show(renderPage, pageRequest, { page: { view: 'confirm', status: 200, data }, json: applicationView(client) });
    };

  const rotate = (pageRequest: PageRequest): Promise<void> => {
    const { overlap_hours: hours } = fieldsOf(pageRequest.request, rotationForm);
    const rotation = { overlapSeconds: hours * 3600 };
    return shownOnce.reply(pageRequest, 200, async () =>
      secretShown(await applications.rotateSecret(pageRequest, identifierOf(pageRequest), rotation)),
    );
  };

  const remove = async (pageRequest: PageRequest): Promise<void> => {
    await applications.delete(pageRequest, identifierOf(pageRequest));
    replyDone(pageRequest, `${path}?done=deleted`);
  };

  return Router()
    .get(
      path,
      loggedIn((pageRequest) => list(pageRequest)),
    )
    .post(`${path}/applications`, readBody, loggedIn(create))
    .get(`${path}/applications/:id/secret`, loggedIn(ask(secretQuestion)))
    .post(`${path}/applications/:id/secret`, readBody, loggedIn(rotate))
    .use(createApplicationChanges({ ...deps, find }))
    .get(`${path}/applications/:id/delete`, loggedIn(ask(deletionQuestion)))
    .post(`${path}/applications/:id/delete`, loggedIn(remove));
};
