import type { Viewer } from '../../../calls/call-command.ts';
import { InvalidRequestError } from '../../../http/errors.ts';
import { parameter } from '../../../http/query.ts';
import { tooSmall } from '../../../http/routes/call/viewer.ts';
import type { Whose } from '../model.ts';

/** What a viewer asks to see: `user` is of everybody's calls. */
type Asked = 'own' | 'all';

const askedFor = (query: URLSearchParams): Asked => {
  const all = parameter(query, 'all');
  if (all !== undefined && all !== 'true' && all !== 'false') {
    throw new InvalidRequestError('all must be true or false.', { details: { parameter: 'all' } });
  }
  if (!query.has('user')) return all === 'true' ? 'all' : 'own';
  if (all !== 'false') return 'all';
  throw new InvalidRequestError('user asks for calls of others, and all=false for none of them.', {
    details: { parameter: 'all' },
  });
};

/**
 * Whose calls a viewer asks for, and may see.
 * @throws InsufficientScopeError where others' are asked for, and the token is not an operator's
 * @throws InvalidRequestError where `all` is neither true nor false
 */
export const whoseCalls = (viewer: Viewer, query: URLSearchParams): Whose => {
  if (askedFor(query) === 'all') {
    if (viewer.scope === 'everybody') return { kind: 'everybody' };
    throw tooSmall('operator');
  }
  if (viewer.scope === 'application') {
    return { kind: 'application', clientId: viewer.clientId, userIds: viewer.userIds };
  }
  return { kind: 'user', userId: viewer.userId, username: viewer.username };
};

/** What tells viewers apart, where each gets its share. */
export const nameOf = (viewer: Viewer): string =>
  viewer.scope === 'application' ? `client ${viewer.clientId}` : `user ${viewer.userId}`;
