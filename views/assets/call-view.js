import { byId, element, hide, show } from './dom.js';

/* Shows calls as they are. Nothing here asks the service. */

const outcomes = {
  completed: 'The call is over.',
  busy: 'The line is busy.',
  declined: 'The call was declined.',
  'no-answer': 'Nobody answered.',
  unreachable: 'The number cannot be reached.',
  failed: 'The call failed.',
  cancelled: 'The call was ended before it was connected.',
  lost: 'The call was lost.',
};

const endings = {
  user: 'You ended it.',
  operator: 'An operator ended it.',
  caller: 'Your phone ended it.',
  callee: 'The other side ended it.',
  policy: 'A limit ended it.',
  system: 'The service ended it.',
};

const states = {
  created: () => 'The call is accepted.',
  calling: () => 'Your phone is ringing.',
  dialling: (call) => `You answered. ${call.number} is being called.`,
  connected: () => 'Connected.',
  ended: (call) => [outcomes[call.outcome], endings[call.ended_by]].filter(Boolean).join(' '),
};

const sides = { caller: 'Your phone', callee: 'The number' };

const cell = (text) => element('td', {}, text);

const legRow = (leg) =>
  element(
    'tr',
    {},
    element('th', { scope: 'row' }, sides[leg.role] ?? leg.role),
    cell(leg.address),
    element('td', {}, element('code', {}, leg.state)),
    cell([leg.sip_status, leg.reason].filter((part) => part !== null && part !== undefined).join(' ')),
  );

const clockTime = (time) => new Date(time).toLocaleTimeString();

/** Writes only what changed: a live region that is written again is read out again. */
const setText = (id, text) => {
  if (byId(id).textContent !== text) byId(id).textContent = text;
};

const summaryOf = (call) => [call.state, ...call.legs.map((leg) => `${leg.role} ${leg.state}`)].join(', ');

const noteInHistory = (call, at) => {
  const summary = summaryOf(call);
  if (byId('history').lastElementChild?.dataset.summary === summary) return;
  const entry = element('li', {}, `${clockTime(at)} `, element('code', {}, summary));
  entry.dataset.summary = summary;
  byId('history').append(entry);
};

/** Makes room for a call that is about to be shown. */
export const openCall = () => {
  byId('history').replaceChildren();
  byId('legs').replaceChildren();
  setText('call-number', '');
  setText('call-state', '');
  show('stop');
  show('call');
};

/** @param at - when it became so; now, where nobody says */
export const showCall = (call, at = Date.now()) => {
  setText('call-number', call.number);
  setText('call-state', states[call.state]?.(call) ?? call.state);
  byId('call').dataset.state = call.state;
  byId('legs').replaceChildren(...call.legs.map(legRow));
  if (call.state === 'ended') hide('stop');
  noteInHistory(call, at);
};

/** Its name for a screen reader says which call it is about. */
const rowButton = (label, call, className, onclick) =>
  element('button', { type: 'button', className, onclick, ariaLabel: `${label} ${call.number}` }, label);

const callRow = (call, { onWatch, onStop }) =>
  element(
    'tr',
    {},
    element('th', { scope: 'row' }, call.number),
    element('td', {}, element('code', {}, call.state)),
    cell(clockTime(call.created_at)),
    element(
      'td',
      {},
      element(
        'div',
        { className: 'actions' },
        rowButton('Watch', call, 'secondary', () => onWatch(call)),
        rowButton('Hang up', call, 'danger', () => onStop(call)),
      ),
    ),
  );

/** Lists the ongoing calls, each with what can be done with it. */
export const showOngoing = (calls, actions) => {
  byId('ongoing-calls').replaceChildren(...calls.map((call) => callRow(call, actions)));
  byId('ongoing-table').hidden = calls.length === 0;
  byId('ongoing-empty').hidden = calls.length > 0;
};
