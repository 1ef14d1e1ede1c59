import type { IncomingMessage, RequestListener } from 'node:http';
import type { CallAdmission } from '../calls/call-admission.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import { createAccessLog } from './access-log.ts';
import { canonicalize } from './canonical-request.ts';
import { createAddressOf } from './client-address.ts';
import { Dispatcher, type DispatcherDeps } from './dispatcher.ts';
import { publicPathOf, withoutPublicPath } from './public-path.ts';
import { createCallRefusal } from './refuse-call.ts';
import { openContext } from './request-context.ts';
import { type Lane, RequestQueue } from './request-queue.ts';
import { pathOf } from './request-target.ts';
import { isCallPath } from './routes/call/call.ts';

export interface AppDeps extends DispatcherDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Asked of each new call before anything else. */
  readonly admission: Pick<CallAdmission, 'refusal'>;
}

/** The way of a request through the queue. */
const laneOf = ({ method, url = '' }: IncomingMessage): Lane => {
  if (method !== 'POST' && method !== 'PUT') return 'other';
  if (!isCallPath(pathOf(url))) return 'other';
  return method === 'PUT' ? 'hang-up' : 'call';
};

/**
 * The whole HTTP face: brings a request to its one form, refuses a call that cannot be served in time, and queues the rest for
 * the dispatcher.
 */
export const createApp = (deps: AppDeps): RequestListener => {
  const addressOf = createAddressOf(deps.trustedProxies);
  const dispatcher = new Dispatcher(deps, addressOf);
  const publicPath = publicPathOf(deps.publicUrl);
  const queue = new RequestQueue(deps.clock);
  const refuseCall = createCallRefusal(deps.publicUrl, deps.ids);
  const recordAccess = createAccessLog({ log: deps.log, clock: deps.clock, addressOf });

  return (request, response) => {
    const refusal = canonicalize(request);
    request.url = withoutPublicPath(request.url ?? '/', publicPath);
    const lane = laneOf(request);
    // The log has one line for all of them.
    const overload = lane === 'call' ? deps.admission.refusal(queue.oldestCallMs) : undefined;
    if (overload !== undefined) {
      refuseCall(request, response, overload);
      return;
    }
    recordAccess(request, response, openContext(request, response, deps.ids));
    if (refusal !== undefined) {
      dispatcher.fail(request, response, refusal);
      return;
    }
    queue.add(lane, dispatcher.answering(request, response));
  };
};
