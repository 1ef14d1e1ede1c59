import { CallStream } from './call-stream.js';
import { openCall, showCall, showOngoing } from './call-view.js';
import { listCalls, readCall } from './calls.js';
import { watchCall } from './watch.js';

/** Enough for a call with many tries of its destination. */
const MOST_ENTRIES = 200;
/** A call may be over before its page knows that it placed it. */
const MOST_CALLS = 100;

const isOver = (call) => call.state === 'ended' && call.legs.every((leg) => leg.state === 'ended');

/**
 * The ongoing calls of a token, and the one of them that is watched, as they change: told by the stream, or by asking where
 * there is none. It follows while the page is seen: a browser has few connections, and another tab may need them.
 */
export class FollowedCalls {
  #options;
  #stream;
  #following = false;
  #mode = 'asking';
  /** What was told of each call, the oldest first. */
  #known = new Map();
  #watched;
  #asking = new AbortController();

  /** @param options - `accessToken()`, `actions` of the rows, and `act(task)` that runs a task and shows what goes wrong */
  constructor(options) {
    this.#options = options;
    this.#stream = new CallStream({
      accessToken: () => this.#tokenForStream(),
      onSnapshot: (calls) => this.#begin(calls),
      onEvent: ({ at, call }) => this.#take(call, at),
      onState: (state) => this.#turn(state),
    });
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** The `token_call` of the call that is shown. */
  get watched() {
    return this.#watched;
  }

  /** From now on, until `stop`. */
  start() {
    this.#following = true;
    this.#ask(() => this.refresh());
    this.#look();
  }

  stop() {
    this.#following = false;
    this.#asking.abort();
    this.#stream.close();
    this.#mode = 'asking';
    this.#known.clear();
    this.#watched = undefined;
  }

  watch(tokenCall) {
    this.#watched = tokenCall;
    openCall();
    if (this.#mode !== 'live') this.#askForWatched();
    else if (this.#known.has(tokenCall)) this.#known.get(tokenCall).forEach(({ call, at }) => showCall(call, at));
    else this.#ask(() => this.#showEnd(tokenCall));
  }

  /** Takes the answer to a request of this page; the stream would tell it as well. */
  async answered(call) {
    if (this.#mode === 'live') return;
    if (call.token_call === this.#watched) showCall(call);
    await this.refresh();
  }

  async refresh() {
    const calls = await listCalls(this.#options.accessToken());
    if (this.#mode === 'live') this.#showOngoing();
    else showOngoing(calls, this.#options.actions);
  }

  #look() {
    if (!this.#following) return;
    if (document.hidden) this.#stream.close();
    else this.#stream.open();
  }

  #ask(task) {
    void this.#options.act(task)();
  }

  #tokenForStream() {
    try {
      return this.#options.accessToken();
    } catch (error) {
      this.#ask(() => Promise.reject(error));
      throw error;
    }
  }

  /** Without a stream the calls are asked for, and the answer says what is wrong with the token. */
  #turn(state) {
    const before = this.#mode;
    this.#mode = state;
    this.#asking.abort();
    if (state !== 'live') {
      this.#ask(() => this.refresh());
      if (this.#watched !== undefined) this.#askForWatched();
    } else if (before === 'away') {
      this.#ask(() => Promise.resolve()); // takes the sentence away that the service could not be reached
    }
  }

  #askForWatched() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    let lastState;
    const onCall = (call) => {
      showCall(call);
      if (call.state !== lastState) this.#ask(() => this.refresh());
      lastState = call.state;
    };
    const tokenCall = this.#watched;
    this.#ask(() => watchCall({ accessToken: this.#options.accessToken(), tokenCall, onCall, signal }));
  }

  #begin(calls) {
    this.#known = new Map(calls.map((call) => [call.token_call, [{ call }]]));
    this.#showOngoing();
    const watched = calls.find((call) => call.token_call === this.#watched);
    if (watched !== undefined) showCall(watched);
    else if (this.#watched !== undefined) this.#ask(() => this.#showEnd(this.#watched));
  }

  /** Of a call that the stream may not tell of any more, since it is over. */
  async #showEnd(tokenCall) {
    const call = await readCall(this.#options.accessToken(), tokenCall);
    if (tokenCall === this.#watched && isOver(call)) showCall(call);
  }

  #take(call, at) {
    const entries = this.#known.get(call.token_call) ?? [];
    const before = entries.at(-1)?.call.state;
    entries.push({ call, at });
    this.#known.set(call.token_call, entries.slice(-MOST_ENTRIES));
    if (call.token_call === this.#watched) showCall(call, at);
    if (before !== call.state) this.#showOngoing();
    this.#forget();
  }

  /** The oldest that are over. */
  #forget() {
    for (const [tokenCall, entries] of this.#known) {
      if (this.#known.size <= MOST_CALLS) return;
      if (isOver(entries.at(-1).call)) this.#known.delete(tokenCall);
    }
  }

  #showOngoing() {
    const calls = [...this.#known.values()].map((entries) => entries.at(-1).call);
    showOngoing(
      calls.filter(({ state }) => state !== 'ended'),
      this.#options.actions,
    );
  }
}
