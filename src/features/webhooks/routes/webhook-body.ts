import { z } from 'zod';
import type { ToldName } from '../../../calls/call-events.ts';
import { InvalidWebhookError } from '../errors.ts';
import { type WebhookDescription, webhookEvents } from '../model.ts';

const MOST_CHARACTERS = 200;

const url = z.string({ error: 'must be an address that begins with https://.' });
const events = z
  .array(z.enum(webhookEvents, { error: `is none of ${webhookEvents.join(', ')}.` }), {
    error: 'must be a list of names.',
  })
  .min(1, 'names nothing to be told of.')
  .transform((names): readonly ToldName[] => [...new Set(names)]);
const description = z
  .string({ error: 'must be a text.' })
  .max(MOST_CHARACTERS, `is longer than ${MOST_CHARACTERS} characters.`)
  .regex(/^\P{Cc}*$/u, 'has a control character.');

const newWebhook = z.strictObject({ url, events, description: description.default('') });
const webhookChanges = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  description: description.optional(),
  enabled: z.boolean({ error: 'must be true or false.' }).optional(),
});

/** What a webhook is shown with goes back with it, and changes nothing. */
const SHOWN_ONLY = ['id', 'created_at', 'disabled_by'];

export type WebhookChanges = Partial<WebhookDescription> & { readonly status?: 'enabled' | 'disabled' };

/**
 * @throws InvalidWebhookError that names the first field which is missing, unknown or wrong
 */
export const parseNewWebhook = (fields: unknown): WebhookDescription => parse(newWebhook, fields);

/**
 * @throws InvalidWebhookError that names the first field which is unknown or wrong
 */
export const parseWebhookChanges = (fields: Readonly<Record<string, unknown>>): WebhookChanges => {
  const changeable = Object.fromEntries(Object.entries(fields).filter(([name]) => !SHOWN_ONLY.includes(name)));
  const { enabled, ...changes } = parse(webhookChanges, changeable);
  const known = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return { ...known, ...(enabled !== undefined && { status: enabled ? 'enabled' : 'disabled' }) };
};

const parse = <Parsed>(schema: z.ZodType<Parsed>, fields: unknown): Parsed => {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    throw new InvalidWebhookError((issue.keys[0] ?? '').slice(0, MOST_CHARACTERS), 'there is no such field here.');
  }
  throw new InvalidWebhookError(pathOf(issue?.path ?? []), issue?.message ?? 'is wrong.');
};

/** `events[1]`. */
const pathOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('');
