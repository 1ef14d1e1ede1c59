import { localAddress } from './local-address.js';
import { request } from './problem.js';

const EVENTS = localAddress('/rest/call/events');

const names = [
  ...['call.created', 'call.calling', 'call.dialling', 'call.connected', 'call.ended', 'call.settled'],
  ...['leg.calling', 'leg.ringing', 'leg.answered', 'leg.ended'],
];

/** So long a stream may be away before the page is told to do without: a restart of the service takes less. */
const PATIENCE_MILLISECONDS = 8000;
const COME_BACK_MILLISECONDS = 2000;
/** Where no stream could be had, it is asked for again now and then. */
const LATER_MILLISECONDS = 15_000;

/** An address of the stream, at the origin that this page came from. */
const addressWith = async (accessToken) => {
  const headers = { Authorization: `Bearer ${accessToken}`, Accept: 'application/json' };
  const response = await request(EVENTS, { method: 'POST', headers });
  const { url } = await response.json();
  return `${EVENTS}${new URL(url).search}`;
};

/** A refusal that no patience changes: of the token, or of what it may see. */
const isFinal = ({ status }) => status >= 400 && status < 500 && status !== 429;

/**
 * What happens to the calls that a token may see, by the browser's own EventSource, which comes back by itself and goes on
 * where it was. Where that gives up (any status but 200 ends it) this takes a new address and goes on as well.
 *
 * `onState` gets `live`, `away` when the page has to ask by itself for now, and `over` when the token allows no stream. After
 * `away` all begins anew with a snapshot.
 */
export class CallStream {
  #options;
  #state = 'closed';
  #source;
  #lastId = '';
  #patience;
  #next;
  /** Counts the connections: what an older one brings is not heard any more. */
  #turn = 0;

  /** @param options - `accessToken()` gives a token or a promise of one; `onSnapshot(calls)`, `onEvent(event)`, `onState(state)` */
  constructor(options) {
    this.#options = options;
  }

  /** Begins, or goes on after `close` where it was. */
  open() {
    if (this.#state === 'closed') this.#connect();
  }

  close() {
    this.#leave();
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#state = 'closed';
  }

  #leave() {
    this.#turn += 1;
    clearTimeout(this.#next);
    this.#source?.close();
    this.#source = undefined;
  }

  async #connect() {
    this.#leave();
    if (this.#state !== 'away') this.#wait();
    const turn = this.#turn;
    try {
      const address = await addressWith(await this.#options.accessToken());
      if (turn === this.#turn) this.#listen(address);
    } catch (error) {
      if (turn === this.#turn) this.#refused(error);
    }
  }

  #listen(address) {
    const resume = this.#lastId === '' ? '' : `&last_event_id=${encodeURIComponent(this.#lastId)}`;
    const source = new EventSource(address + resume);
    this.#source = source;
    const hear = (name, listener) =>
      source.addEventListener(name, (event) => {
        if (source === this.#source) listener(event);
      });
    hear('open', () => {
      if (this.#lastId !== '') this.#live();
    });
    hear('error', () => this.#lost(source));
    hear('closed', (event) => this.#ended(JSON.parse(event.data).reason));
    hear('snapshot', (event) => this.#heard(event, ({ calls }) => this.#options.onSnapshot(calls)));
    for (const name of names) hear(name, (event) => this.#heard(event, this.#options.onEvent));
  }

  #heard(event, tell) {
    this.#lastId = event.lastEventId;
    this.#live();
    tell(JSON.parse(event.data));
  }

  #live() {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#tell('live');
  }

  #tell(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }

  /** A stream that the service ended comes back by itself, but for one whose token ended: that takes another token. */
  #ended(reason) {
    if (reason.startsWith('token')) this.#connect();
  }

  #lost(source) {
    if (this.#state !== 'away') this.#wait();
    if (source.readyState !== EventSource.CLOSED) return;
    this.#connectIn(this.#state === 'away' ? LATER_MILLISECONDS : COME_BACK_MILLISECONDS);
  }

  #refused(error) {
    if (isFinal(error)) {
      this.#leave();
      clearTimeout(this.#patience);
      this.#tell('over');
    } else if (error.status === 429 || this.#state === 'away') {
      this.#giveUp(Math.max((error.retryAfterSeconds || 0) * 1000, LATER_MILLISECONDS));
    } else {
      this.#connectIn(COME_BACK_MILLISECONDS);
    }
  }

  #wait() {
    this.#state = 'waiting';
    this.#patience ??= setTimeout(() => this.#giveUp(LATER_MILLISECONDS), PATIENCE_MILLISECONDS);
  }

  /** The page asks by itself from now on, so that nothing can be gone on from. */
  #giveUp(pause) {
    this.#leave();
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#lastId = '';
    this.#tell('away');
    this.#connectIn(pause);
  }

  #connectIn(milliseconds) {
    this.#leave();
    this.#next = setTimeout(() => this.#connect(), milliseconds);
  }
}
