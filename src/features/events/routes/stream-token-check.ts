import type { IncomingMessage } from 'node:http';
import type { CallFeed } from '../../../calls/feed/call-feed.ts';
import { TokenSentTwiceError } from '../../../http/oauth/errors.ts';
import { routeOf } from '../../../http/oauth/presented-token.ts';
import { viewerOf } from '../../../http/routes/call/viewer.ts';
import { InvalidTokenError } from '../../../oauth/model/errors.ts';
import type { TokenReview } from '../../../oauth/request/principal.ts';
import { AppError } from '../../../shared/errors.ts';
import type { StreamRequest } from '../event-streams.ts';
import type { ResumePoint } from '../frames.ts';
import { audienceOf, type Selection } from '../selection.ts';
import type { StreamTokens } from '../stream-tokens.ts';

export interface StreamTokenCheckDeps {
  readonly streamTokens: StreamTokens;
  readonly review: TokenReview;
  readonly feed: Pick<CallFeed, 'knows'>;
}

/**
 * Reads the token in the address of a stream.
 * @returns `over` where the token that it hangs on has ended, or allows it no more
 * @throws InvalidTokenError when it is none of ours, or was to be used for the first time and came too late
 * @throws TokenSentTwiceError when the request has another token too
 */
export type StreamTokenCheck = (
  token: string,
  request: IncomingMessage,
  from: ResumePoint | undefined,
) => Promise<Pick<StreamRequest, 'principal' | 'selection'> | 'over'>;

export const createStreamTokenCheck = ({ streamTokens, review, feed }: StreamTokenCheckDeps): StreamTokenCheck => {
  const grantedBy = async (
    tokenHash: string,
    { selection, request }: { readonly selection: Selection; readonly request: IncomingMessage },
  ) => {
    try {
      const principal = await review.review({ tokenHash, route: routeOf(request.headers) });
      audienceOf(selection, viewerOf(principal));
      return { principal, selection };
    } catch (error) {
      if (error instanceof AppError && ['unauthenticated', 'forbidden'].includes(error.kind)) return 'over';
      throw error;
    }
  };

  return async (token, request, from) => {
    if (request.headers.authorization !== undefined) throw new TokenSentTwiceError();
    const { tokenHash, selection, age } = streamTokens.read(token);
    const granted = await grantedBy(tokenHash, { selection, request });
    // Who comes later shows that there was a first time: a cursor of this feed is known to nobody else.
    const isFirst = from === undefined || !(await feed.knows(from.cursor));
    if (granted !== 'over' && age === 'used-before' && isFirst) throw new InvalidTokenError();
    return granted;
  };
};
