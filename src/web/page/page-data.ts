import type { ProjectPageData } from './project-page-data.ts';
import type { WebhookPageData } from './webhook-page-data.ts';

/*
 * What the pages show. Most of the management is what a program gets as JSON, by the same names; times are ISO 8601 texts,
 * which the `time` view writes for readers.
 */

export interface ApplicationView {
  readonly client_id: string;
  readonly name: string;
  readonly type: 'confidential' | 'public';
  readonly redirect_uris: readonly string[];
  readonly grant_types: readonly string[];
  readonly scopes: readonly string[];
  readonly created_at: string;
}

export interface KeyPairView {
  readonly client_id: string;
  readonly created_at: string;
}

export interface RegistrationTokenView {
  /** Of no use as the token. */
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly expires_at: string;
}

/** What only an administrator has. */
export interface AdministratorView {
  readonly key_pair: KeyPairView | null;
  readonly registration_tokens: readonly RegistrationTokenView[];
}

/** A checkbox. */
export interface ChoiceView {
  readonly value: string;
  readonly label: string;
  readonly checked: boolean;
}

/** What a person changes of an application. */
export interface ApplicationChangesView {
  readonly name: string;
  readonly redirectUris: string;
  readonly grantTypes: readonly ChoiceView[];
  readonly faults: readonly string[];
}

/** The form for a new application, filled in as it was sent where something was wrong with it. */
export interface ApplicationFormView {
  readonly name: string;
  readonly type: 'confidential' | 'public';
  readonly redirectUris: string;
  readonly grantTypes: readonly ChoiceView[];
  readonly scopes: readonly ChoiceView[];
  readonly faults: readonly string[];
}

export interface GrantedView {
  readonly client_id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly granted_at: string;
  readonly last_used_at: string;
}

export interface SessionView {
  readonly id: string;
  readonly browser: string;
  readonly address: string | null;
  readonly since: string | null;
  readonly last_seen_at: string;
  readonly current: boolean;
}

export interface AuditEventView {
  readonly id: number;
  readonly event: string;
  readonly at: string;
  readonly user: string | null;
  readonly client_id: string | null;
  readonly address: string | null;
  readonly detail: string | null;
  /** How often it happened on that day, where it is counted. */
  readonly count: number;
  readonly last_at: string;
}

/** The one page that shows a secret, for a while. */
export interface SecretView {
  readonly id: string;
  readonly until: string;
  readonly title: string;
  readonly text: string;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
}

/**
 * `notice` is one sentence on what was done. `formId` goes along with a form that makes something: sent twice, it makes it
 * once. `reload` is where a page that answers a POST is found again: a reload asks for that, and repeats no POST.
 */
interface ManagementPageData {
  readonly applications: {
    readonly applications: readonly ApplicationView[];
    readonly administrator: AdministratorView | undefined;
    readonly form: ApplicationFormView;
    readonly notice: string | undefined;
    readonly formId: string;
    readonly reload?: string;
  };
  readonly application: {
    readonly application: ApplicationView;
    readonly form: ApplicationChangesView;
    readonly reload?: string;
  };
  readonly granted: {
    readonly applications: readonly (Omit<GrantedView, 'scopes'> & { readonly allows: readonly string[] })[];
    readonly notice: string | undefined;
  };
  readonly account: {
    readonly username: string;
    readonly role: string;
    readonly password: 'changeable' | 'fixed';
    readonly sessions: readonly SessionView[];
    readonly events: readonly AuditEventView[];
    readonly notice: string | undefined;
    readonly fault: string | undefined;
    readonly reload?: string;
  };
  readonly audit: {
    readonly events: readonly AuditEventView[];
    readonly user: string | undefined;
    /** The address of the older events. */
    readonly older: string | undefined;
  };
  /** A question before something is done that cannot be undone: a form that leads to `action`. */
  readonly confirm: {
    readonly title: string;
    readonly text: string;
    readonly action: string;
    readonly button: string;
    readonly back: string;
    readonly formId?: string;
    /** What goes with the answer; the first is chosen until another one is. */
    readonly choice?: {
      readonly name: string;
      readonly legend: string;
      readonly options: readonly { readonly value: string; readonly label: string }[];
    };
  };
  readonly secret: SecretView;
}

/** What each view shows. Every text is escaped by the template. */
export interface PageData extends ManagementPageData, ProjectPageData, WebhookPageData {
  /** `parameters` travel on as hidden inputs; `error` is one plain sentence; `username` is the name that was typed. */
  readonly login: {
    readonly parameters: Readonly<Record<string, string>>;
    readonly error?: string;
    readonly username?: string;
    readonly reload?: string;
  };
  readonly grant: {
    readonly parameters: Readonly<Record<string, string>>;
    readonly client: { readonly name: string };
    readonly scopes: readonly { readonly name: string; readonly description: string }[];
    readonly username: string;
    /** Where the answer goes: the host of the redirect URI. */
    readonly redirectHost: string;
    /** `again`: the person pressed a button for another question than this one. */
    readonly asked: 'first' | 'again';
  };
  /** `error` is one plain sentence. */
  readonly device: {
    readonly username: string;
    readonly userCode: string;
    readonly error?: string;
    readonly reload?: string;
  };
  readonly 'device-question': {
    readonly userCode: string;
    readonly client: { readonly name: string };
    readonly scopes: readonly { readonly name: string; readonly description: string }[];
    readonly username: string;
  };
  readonly 'device-answer': {
    readonly client: { readonly name: string };
    readonly verdict: 'approved' | 'refused';
  };
  readonly error: { readonly title: string; readonly detail: string; readonly reload?: string };
  readonly problems: {
    readonly title: string;
    readonly problems: readonly {
      readonly type: string;
      readonly code: string;
      readonly title: string;
      readonly meaning: string;
      readonly remedy: string;
    }[];
    /** The address of the list of all. */
    readonly all: string;
  };
  readonly home: { readonly publicUrl: string; readonly sandbox: boolean };
  readonly test: {
    readonly publicUrl: string;
    readonly sandbox: boolean;
    readonly numbers: readonly { readonly number: string; readonly behaviour: string }[];
  };
}

/** Milliseconds since the Unix epoch, as JSON and pages have them. */
export const isoTime = (time: number): string => new Date(time).toISOString();
