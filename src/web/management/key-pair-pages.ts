import { Router } from 'express';
import type { Authorization } from '../../oauth/authorization.ts';
import { forLoggedIn, type PageRequest, type PageRequestDeps, show } from '../login/page-request.ts';
import { readBody } from '../page/page-body.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { keyPairView } from './application-list.ts';
import type { MadeSecret, ShownOnce } from './shown-once.ts';

export interface KeyPairPagesDeps extends PageRequestDeps, Pick<Authorization, 'keyPairs'> {
  readonly renderPage: RenderPage;
  readonly shownOnce: ShownOnce;
}

const path = '/management/api/keys';

const question = {
  title: 'Generate an API key pair?',
  text: 'Your present key pair and its tokens, if you have any, are worth nothing from then on.',
  action: path,
  button: 'Generate',
  back: '/management/api',
};

/** `/management/api/keys`: the key pair of an administrator. */
export const createKeyPairPages = (deps: KeyPairPagesDeps): Router => {
  const { keyPairs, shownOnce, renderPage } = deps;
  const loggedIn = forLoggedIn(deps);

  const ask = async (pageRequest: PageRequest): Promise<void> => {
    const keyPair = await keyPairs.find(pageRequest);
    const json = { key_pair: keyPair === undefined ? null : keyPairView(keyPair) };
    const data = { ...question, formId: shownOnce.newFormId() };
    show(renderPage, pageRequest, { page: { view: 'confirm', status: 200, data }, json });
  };

  const make = async (pageRequest: PageRequest): Promise<MadeSecret> => {
    const { clientId, clientSecret } = await keyPairs.generate(pageRequest);
    const data = {
      title: 'Your API key pair',
      text: 'Copy the secret now: it is shown this once. Whoever has it can do what you may do.',
      facts: [
        { label: 'Client id', value: clientId },
        { label: 'Client secret', value: clientSecret },
      ],
    };
    return { data, json: { client_id: clientId, client_secret: clientSecret } };
  };

  const generate = (pageRequest: PageRequest): Promise<void> =>
    shownOnce.reply(pageRequest, 201, () => make(pageRequest));

  return Router().get(path, loggedIn(ask)).post(path, readBody, loggedIn(generate));
};
