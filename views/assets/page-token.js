import { localAddress } from './local-address.js';
import { RefusedError, refusalOf } from './problem.js';

/**
 * A token for reading calls that lasts as long as the session, and some minutes at the most: to be asked for again.
 * @throws RefusedError when nobody is logged in
 */
export const pageToken = async () => {
  let response;
  try {
    response = await fetch(localAddress('/auth/page-token'), {
      method: 'POST',
      headers: { Accept: 'application/json' },
    });
  } catch {
    throw new RefusedError('The service cannot be reached.', { status: 0 });
  }
  if (!response.ok) throw await refusalOf(response);
  const { access_token: accessToken } = await response.json();
  return accessToken;
};
