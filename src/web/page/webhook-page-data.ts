/* What the pages of webhooks show. Times are ISO 8601 texts. */

export interface WebhookView {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly description: string;
  readonly enabled: boolean;
  readonly created_at: string;
  /** Its name. */
  readonly application: string;
  readonly state: string;
}

/** A box or a button of several. */
export interface BoxView {
  readonly value: string;
  readonly label: string;
  readonly checked: boolean;
}

export interface WebhookFormView {
  readonly applications: readonly BoxView[];
  readonly url: string;
  readonly description: string;
  readonly events: readonly BoxView[];
  readonly fault: string | undefined;
}

export interface DeliveryView {
  readonly id: number;
  readonly event: string;
  readonly token_call: string | null;
  readonly state: string;
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly created_at: string;
}

/** `reload` and `formId` are as on the other pages of the management. */
export interface WebhookPageData {
  readonly webhooks: {
    readonly webhooks: readonly WebhookView[];
    readonly form: WebhookFormView;
    readonly notice: string | undefined;
    readonly formId: string;
    readonly reload?: string;
  };
  readonly webhook: {
    readonly webhook: WebhookView;
    readonly deliveries: readonly DeliveryView[];
    /** The address of the older deliveries. */
    readonly older: string | undefined;
    readonly states: readonly { readonly name: string; readonly address: string; readonly current: boolean }[];
    readonly notice: string | undefined;
  };
  readonly 'webhook-edit': {
    readonly webhook: WebhookView;
    readonly form: Omit<WebhookFormView, 'applications'>;
    readonly reload?: string;
  };
}
