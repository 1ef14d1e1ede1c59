import { Router } from 'express';
import type { SelfServiceChanges } from '../../oauth/clients/client-description.ts';
import type { Client } from '../../oauth/model/account-stores.ts';
import { InvalidAccountError } from '../../oauth/model/errors.ts';
import {
  forLoggedIn,
  type PageRequest,
  type PageRequestDeps,
  reloadOf,
  replyDone,
  show,
} from '../login/page-request.ts';
import { fieldsOf, readBody } from '../page/page-body.ts';
import { applicationChanges, faultsOf } from './application-form.ts';
import { type ApplicationListDeps, applicationView, grantChoices } from './application-list.ts';

const LIST = '/management/api';
const path = `${LIST}/applications/:id/edit`;

export interface ApplicationChangesDeps
  extends PageRequestDeps, Pick<ApplicationListDeps, 'applicationAdmin' | 'renderPage'> {
  /**
   * @throws UnknownAccountError where the user has no such application
   */
  readonly find: (pageRequest: PageRequest) => Promise<Client>;
}

interface Refused {
  readonly changes: SelfServiceChanges;
  readonly faults: readonly string[];
}

/** The form that changes an application: its name, its addresses, how it gets access. */
export const createApplicationChanges = (deps: ApplicationChangesDeps): Router => {
  const { applicationAdmin, renderPage, find } = deps;
  const loggedIn = forLoggedIn(deps);

  const ask = async (pageRequest: PageRequest, refused?: Refused): Promise<void> => {
    const client = await find(pageRequest);
    const { name, redirectUris, grantTypes } = { ...client, ...refused?.changes };
    const status = refused === undefined ? 200 : 400;
    const application = applicationView(client);
    const data = {
      application,
      form: {
        name,
        redirectUris: redirectUris.join('\n'),
        grantTypes: grantChoices(grantTypes),
        faults: refused?.faults ?? [],
      },
      ...reloadOf(status, pageRequest.request.path),
    };
    show(renderPage, pageRequest, { page: { view: 'application', status, data }, json: application });
  };

  const change = async (pageRequest: PageRequest): Promise<void> => {
    const changes = fieldsOf(pageRequest.request, applicationChanges);
    const { id } = await find(pageRequest);
    const refusal = await applicationAdmin.change(pageRequest, id, changes).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof InvalidAccountError && pageRequest.wants === 'page') return error;
        throw error;
      },
    );
    if (refusal === undefined) replyDone(pageRequest, `${LIST}?done=changed`);
    else await ask(pageRequest, { changes, faults: faultsOf(refusal) });
  };

  return Router()
    .get(
      path,
      loggedIn((pageRequest) => ask(pageRequest)),
    )
    .post(path, readBody, loggedIn(change));
};
