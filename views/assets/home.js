import { CallStream } from './call-stream.js';
import { byId, element, hide, show } from './dom.js';
import { pageToken } from './page-token.js';

/* The ongoing calls of the user who is logged in, as they change. Without this the page has all but them. */

let calls = new Map();

const words = {
  away: 'The calls cannot be told just now. Trying again.',
  over: 'You are logged out. Reload the page to log in.',
};

/** Writes only what changed: a live region that is written again is read out again. */
const say = (text) => {
  if (byId('calls-word').textContent !== text) byId('calls-word').textContent = text;
};

const rowOf = ({ number, state, created_at: createdAt }) =>
  element(
    'tr',
    {},
    element('th', { scope: 'row' }, number),
    element('td', {}, element('code', {}, state)),
    element('td', {}, new Date(createdAt).toLocaleTimeString()),
  );

const showCalls = () => {
  byId('calls-rows').replaceChildren(...[...calls.values()].map(rowOf));
  byId('calls-table').hidden = calls.size === 0;
  say(calls.size === 0 ? 'None at the moment.' : '');
};

const stream = new CallStream({
  accessToken: pageToken,
  onSnapshot: (ongoing) => {
    calls = new Map(ongoing.map((call) => [call.token_call, call]));
    showCalls();
  },
  onEvent: ({ call }) => {
    if (calls.get(call.token_call)?.state === call.state) return;
    if (call.state === 'ended') calls.delete(call.token_call);
    else calls.set(call.token_call, call);
    showCalls();
  },
  onState: (state) => {
    if (state === 'live') {
      showCalls();
      return;
    }
    hide('calls-table');
    say(words[state]);
  },
});

/** A browser has few connections for all its tabs. */
const look = () => {
  if (document.hidden) stream.close();
  else stream.open();
};

show('calls');
document.addEventListener('visibilitychange', look);
look();
