import { z } from 'zod';
import {
  type SelfServiceChanges,
  type SelfServiceClient,
  selfServiceGrantTypes,
  selfServiceScopes,
} from '../../oauth/clients/client-description.ts';
import type { InvalidAccountError } from '../../oauth/model/errors.ts';

const notEmpty = (value: unknown): boolean => value !== '';

/** An address on each line. */
const lines = (value: unknown): unknown => (typeof value === 'string' ? value.split(/\s+/).filter(notEmpty) : value);

/** A form has a field for each ticked box, and an empty one besides: where no box is ticked, that is meant. */
const boxes = (value: unknown): unknown => {
  const values: unknown = typeof value === 'string' ? [value] : value;
  return Array.isArray(values) ? values.filter(notEmpty) : values;
};

/** The form for a new application, or the JSON in its place. */
export const applicationForm = z
  .object({
    name: z.string(),
    type: z.enum(['confidential', 'public']).default('confidential'),
    redirect_uris: z.preprocess(lines, z.array(z.string()).default([])),
    grant_types: z.preprocess(boxes, z.array(z.enum(selfServiceGrantTypes)).optional()),
    scopes: z.preprocess(boxes, z.array(z.enum(selfServiceScopes)).optional()),
  })
  .transform(({ name, type, redirect_uris, grant_types, scopes }): SelfServiceClient => ({
    name,
    type,
    redirectUris: redirect_uris,
    ...(grant_types && { grantTypes: grant_types }),
    ...(scopes && { scopes }),
  }));

/** The form that changes an application, or the JSON in its place: what is left out stays. */
export const applicationChanges = z
  .object({
    name: z.string().optional(),
    redirect_uris: z.preprocess(lines, z.array(z.string()).optional()),
    grant_types: z.preprocess(boxes, z.array(z.enum(selfServiceGrantTypes)).optional()),
  })
  .transform(({ name, redirect_uris, grant_types }): SelfServiceChanges => ({
    ...(name !== undefined && { name }),
    ...(redirect_uris && { redirectUris: redirect_uris }),
    ...(grant_types && { grantTypes: grant_types }),
  }));

/** What the form calls the parts of a description. */
const labels: readonly (readonly [RegExp, string])[] = [
  [/^name:/, 'Name:'],
  [/^redirectUris:/, 'Redirect addresses:'],
  [/^grantTypes:/, 'How it gets access:'],
  [/^(?:scopes|defaultScopes):/, 'What it may ask for:'],
];

/** Each fault of a description, in the words of the form. */
export const faultsOf = ({ message }: InvalidAccountError): readonly string[] =>
  message.split('; ').map((fault) => labels.reduce((text, [name, label]) => text.replace(name, label), fault));
