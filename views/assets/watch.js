import { readCall } from './calls.js';

const SETUP_MILLISECONDS = 400;
const CONNECTED_MILLISECONDS = 1000;

const isOver = (call) => call.state === 'ended' && call.legs.every((leg) => leg.state === 'ended');

const pauseAfter = (call) => (call?.state === 'connected' ? CONNECTED_MILLISECONDS : SETUP_MILLISECONDS);

const wait = (milliseconds, signal) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', resolve, { once: true });
  });

/** How long to leave the service alone after an error; undefined where asking again will not help. */
const pauseFor = (error) => {
  if (error.status === 429) return (error.retryAfterSeconds || 1) * 1000;
  return error.status === 0 || error.status >= 500 ? 2000 : undefined;
};

/**
 * Follows a call until it and all its legs have ended, or until the signal.
 * `onCall` gets the call each time it was read.
 * @throws RefusedError when it cannot be read and waiting would not help
 */
export const watchCall = async ({ accessToken, tokenCall, onCall, signal }) => {
  let call;
  while (!signal.aborted) {
    let pause;
    try {
      call = await readCall(accessToken, tokenCall);
      if (signal.aborted) return;
      onCall(call);
      if (isOver(call)) return;
      pause = pauseAfter(call);
    } catch (error) {
      pause = pauseFor(error);
      if (pause === undefined) throw error;
    }
    await wait(pause, signal);
  }
};
