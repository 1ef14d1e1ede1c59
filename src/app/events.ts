import type { CallRates } from '../calls/call-rates.ts';
import type { CallService } from '../calls/call-service.ts';
import type { CallFeed } from '../calls/feed/call-feed.ts';
import { CallWaits } from '../features/events/call-waits.ts';
import { EventStreams } from '../features/events/event-streams.ts';
import { FeedTail } from '../features/events/feed-tail.ts';
import { Frames } from '../features/events/frames.ts';
import { type PlaceLimits, Places } from '../features/events/places.ts';
import { EventsRoute } from '../features/events/routes/events-route.ts';
import { createStreamTokenCheck } from '../features/events/routes/stream-token-check.ts';
import { StreamTokens } from '../features/events/stream-tokens.ts';
import { TokenReviews } from '../features/events/token-reviews.ts';
import type { DirectRoute } from '../http/direct-route.ts';
import type { WaitDeps } from '../http/routes/call/call-wait.ts';
import type { TokenReview, TokenVerifier } from '../oauth/request/principal.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { SecretBox } from '../storage/secret-box.ts';

export interface EventsParts {
  readonly publicUrl: string;
  readonly calls: CallService;
  readonly feed: CallFeed;
  readonly verifier: TokenVerifier & TokenReview;
  readonly rates: CallRates;
  readonly secretKey: Buffer;
  readonly clock: Clock;
  readonly log: Log;
}

/** What tells of calls as they happen. */
export interface Events {
  readonly directRoutes: readonly DirectRoute[];
  readonly waits: WaitDeps;
  /** Tells all what has happened until now, and that it was the last. */
  readonly close: () => Promise<void>;
}

/** A stream takes a connection and 50 kB; a page of each browser tab, and programs, share the tokens of one grant. */
const STREAMS: PlaceLimits = { perGrant: 50, inAll: 2000, reservedForOperators: 100 };
const WAITS: PlaceLimits = { perGrant: 50, inAll: 2000, reservedForOperators: 100 };

/** The stream of events, and reads that wait, over one reader of the feed. */
export const composeEvents = (parts: EventsParts): Events => {
  const { publicUrl, calls, feed, verifier, rates, clock, log } = parts;
  const tail = new FeedTail({ feed, clock });
  const streamTokens = new StreamTokens({ seal: new SecretBox(parts.secretKey, 'stream token'), clock });
  const streamTokenCheck = createStreamTokenCheck({ streamTokens, review: verifier, feed });
  const reviews = new TokenReviews({ review: verifier, clock, log });
  const frames = new Frames(publicUrl);
  const streams = new EventStreams({ feed, calls, tail, reviews, places: new Places(STREAMS), frames, clock, log });
  const waits = new CallWaits({ tail, places: new Places(WAITS), clock });
  const route = new EventsRoute({ publicUrl, streams, streamTokens, streamTokenCheck, verifier, rates, clock });
  return {
    directRoutes: [route],
    waits: { changes: waits, review: verifier },
    close: async () => {
      waits.close();
      await streams.close();
    },
  };
};
