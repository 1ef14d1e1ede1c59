import type { Authorization } from '../../oauth/authorization.ts';
import {
  type SelfServiceClient,
  selfServiceGrantTypes,
  selfServiceScopes,
} from '../../oauth/clients/client-description.ts';
import {
  type Client,
  DEVICE_CODE_GRANT,
  type GrantType,
  type RegistrationToken,
} from '../../oauth/model/account-stores.ts';
import { scopeDescriptions } from '../../oauth/model/permissions.ts';
import { noticeFor, type PageRequest, reloadOf, show } from '../login/page-request.ts';
import {
  type AdministratorView,
  type ApplicationFormView,
  type ApplicationView,
  type ChoiceView,
  isoTime,
  type KeyPairView,
  type RegistrationTokenView,
} from '../page/page-data.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import type { ShownOnce } from './shown-once.ts';

export interface ApplicationListDeps extends Pick<
  Authorization,
  'applicationAdmin' | 'keyPairs' | 'registrationTokenAdmin'
> {
  readonly renderPage: RenderPage;
  readonly shownOnce: ShownOnce;
}

const LIST = '/management/api';

const notices = {
  deleted: 'The application is deleted.',
  changed: 'The application is changed.',
  erased: 'The secret is erased here. What you copied stays valid.',
  'token-deleted': 'The registration token is deleted.',
};

const grantLabels: Readonly<Record<(typeof selfServiceGrantTypes)[number], string>> = {
  authorization_code: 'People log in here and allow it to act for them',
  refresh_token: 'It may go on without asking them again',
  client_credentials: 'It acts for itself, without a person',
  [DEVICE_CODE_GRANT]: 'It runs on a device without a browser',
};

const grantNames: Readonly<Record<string, string>> = { [DEVICE_CODE_GRANT]: 'device_code' };

export const applicationView = (client: Client): ApplicationView => ({
  client_id: client.id,
  name: client.name,
  type: client.secretHash === null ? 'public' : 'confidential',
  redirect_uris: client.redirectUris,
  grant_types: client.grantTypes,
  scopes: client.scopes,
  created_at: isoTime(client.createdAt),
});

export const keyPairView = ({ id, createdAt }: Client): KeyPairView => ({
  client_id: id,
  created_at: isoTime(createdAt),
});

export const registrationTokenView = (token: RegistrationToken): RegistrationTokenView => ({
  id: token.hash,
  name: token.name,
  created_at: isoTime(token.createdAt),
  expires_at: isoTime(token.expiresAt),
});

const emptyForm: SelfServiceClient = { name: '', type: 'confidential', redirectUris: [] };

/** How an application may get access, as boxes to tick. */
export const grantChoices = (grantTypes: readonly GrantType[]): readonly ChoiceView[] =>
  selfServiceGrantTypes.map((value) => {
    return { value, label: grantLabels[value], checked: grantTypes.includes(value) };
  });

const formView = (application: SelfServiceClient, faults: readonly string[]): ApplicationFormView => {
  const { grantTypes = ['authorization_code', 'refresh_token'], scopes = ['call'] } = application;
  return {
    name: application.name,
    type: application.type,
    redirectUris: application.redirectUris.join('\n'),
    faults,
    grantTypes: grantChoices(grantTypes),
    scopes: selfServiceScopes.map((value) => {
      return { value, label: scopeDescriptions[value], checked: scopes.includes(value) };
    }),
  };
};

/** A form that was sent with faults, to be mended. */
export interface RefusedForm {
  readonly application: SelfServiceClient;
  readonly faults: readonly string[];
}

/** Shows users their applications; administrators also their key pair, and the registration tokens of the service. */
export const createApplicationList = (deps: ApplicationListDeps) => {
  const administratorView = async (pageRequest: PageRequest): Promise<AdministratorView | undefined> => {
    if (pageRequest.user.role !== 'admin') return undefined;
    const keyPair = await deps.keyPairs.find(pageRequest);
    const tokens = await deps.registrationTokenAdmin.list(pageRequest);
    const key_pair = keyPair === undefined ? null : keyPairView(keyPair);
    return { key_pair, registration_tokens: tokens.map(registrationTokenView) };
  };

  return async (pageRequest: PageRequest, refused?: RefusedForm): Promise<void> => {
    const applications = (await deps.applicationAdmin.list(pageRequest)).map(applicationView);
    const administrator = await administratorView(pageRequest);
    const shown = applications.map((application) => {
      return { ...application, grant_types: application.grant_types.map((name) => grantNames[name] ?? name) };
    });
    const form = formView(refused?.application ?? emptyForm, refused?.faults ?? []);
    const status = refused === undefined ? 200 : 400;
    const formId = deps.shownOnce.newFormId();
    const notice = noticeFor(pageRequest, notices);
    const data = { applications: shown, administrator, form, notice, formId, ...reloadOf(status, LIST) };
    const page = { view: 'applications', status, data } as const;
    show(deps.renderPage, pageRequest, { page, json: { applications, ...administrator } });
  };
};
