import {
  exchangeByGetAddress,
  exchangeCode,
  prepareExchangeByGet,
  prepareFlow,
  revoke,
  takeAnswer,
} from './authorization.js';
import { placeCall, stopCall } from './calls.js';
import { byId, element, fillList, hide, sayMessage, sayProblem, show } from './dom.js';
import { FollowedCalls } from './followed-calls.js';
import { sentenceFor } from './problem.js';
import { currentToken, forgetToken, keepToken } from './token.js';

const publicUrl = byId('test-page').dataset.publicUrl;

/** Runs what a button does; what goes wrong becomes a sentence on the page. */
const act = (task) => async (event) => {
  event?.preventDefault();
  sayProblem(undefined);
  try {
    await task(event);
  } catch (error) {
    sayProblem(error.message);
    if (error.code === 'invalid_token') dropToken();
  }
};

const on = (id, type, task) => byId(id)?.addEventListener(type, act(task));

const moveTo = (headingId) => byId(headingId).focus();

// --- the flows

const startFlow = async (event) => {
  const kind = event.submitter?.value ?? (event.target.id === 'application' ? 'application' : 'pkce');
  const clientId = byId(kind === 'application' ? 'app-client-id' : 'js-client-id').value.trim();
  location.assign(await prepareFlow({ publicUrl, kind, clientId, scope: byId('scope').value.trim() }));
};

const shorten = (text) => (text.length > 24 ? `${text.slice(0, 12)}... (${text.length} characters)` : text);

const shown = ([name, value]) => [name, name === 'access_token' ? shorten(value) : value];

const exchangeOf = ({ parameters, flow }) => ({
  publicUrl,
  code: parameters.code,
  clientId: flow?.clientId ?? byId('app-client-id').value.trim(),
  secret: byId('app-client-secret').value,
  verifier: flow?.verifier,
});

const offerExchange = (answer) => {
  on('exchange', 'click', async () => {
    const reply = await exchangeCode(exchangeOf(answer));
    hide('answer');
    useToken(reply, 'The code was exchanged for a token.');
  });
  if (answer.flow?.verifier !== undefined) return; // a public client's exchange carries its verifier in a POST
  show('exchange-by-get');
  byId('exchange-by-get').href = exchangeByGetAddress(exchangeOf(answer));
  byId('exchange-by-get').addEventListener('click', () => {
    byId('exchange-by-get').href = exchangeByGetAddress(exchangeOf(answer));
    prepareExchangeByGet(exchangeOf(answer));
  });
};

const offerToken = (parameters) => {
  show('use-token');
  on('use-token', 'click', () => {
    hide('answer');
    useToken(parameters, 'The token is in use.');
  });
};

const restoreClientId = (flow) => {
  if (flow === undefined) return;
  const field = flow.kind === 'application' || flow.kind === 'exchange-by-get' ? 'app-client-id' : 'js-client-id';
  byId(field).value = flow.clientId;
};

const showAnswer = ({ origin, parameters, flow }) => {
  fillList('answer-list', Object.entries(parameters).map(shown));
  byId('answer-warning').hidden = origin === 'ours';
  byId('exchange').hidden = parameters.code === undefined;
  show('answer');
  restoreClientId(flow);
  if (parameters.code !== undefined) offerExchange({ parameters, flow });
  else if (origin !== 'ours' && parameters.access_token !== undefined) offerToken(parameters);
};

const receive = (answer) => {
  if (answer.origin === 'foreign') {
    sayProblem('An answer arrived that belongs to no flow of this tab. It was dropped.');
    return;
  }
  showAnswer(answer);
  if (answer.parameters.error !== undefined) {
    sayProblem(sentenceFor(answer.parameters));
  } else if (answer.origin === 'ours' && answer.parameters.access_token !== undefined) {
    useToken(answer.parameters, 'A token came in the fragment of the address.');
  } else {
    moveTo('answer-heading');
  }
};

// --- the token

const showToken = () => {
  const token = currentToken();
  for (const id of ['token', 'calling', 'ongoing']) byId(id).hidden = token === undefined;
  if (token === undefined) return;
  fillList('token-list', [
    ['Access token', shorten(token.accessToken)],
    ['Scope', token.scope || 'the default of the client'],
    ['Valid until', new Date(token.expiresAt).toLocaleTimeString()],
  ]);
};

const useToken = (reply, sentence) => {
  keepToken(reply);
  showToken();
  sayMessage(sentence);
  moveTo('token-heading');
  followed.stop();
  followed.start();
};

const dropToken = () => {
  followed.stop();
  forgetToken();
  hide('call');
  showToken();
};

const revokeToken = async () => {
  await revoke(accessToken());
  dropToken();
  sayMessage('The token is revoked.');
};

const accessToken = () => {
  const token = currentToken();
  if (token === undefined) {
    dropToken();
    throw new Error('The token has run out. Start a flow again.');
  }
  return token.accessToken;
};

// --- the calls

const followed = new FollowedCalls({
  accessToken: () => accessToken(),
  act,
  actions: {
    onWatch: (call) => {
      followed.watch(call.token_call);
      moveTo('watch-heading');
    },
    onStop: (call) => void act(() => stop(call.token_call))(),
  },
});

const place = async () => {
  const number = byId('own-number').value.trim() || byId('sandbox-number')?.value || '';
  followed.watch(await placeCall(accessToken(), number));
  moveTo('watch-heading');
};

const stop = async (tokenCall) => {
  await followed.answered(await stopCall(accessToken(), tokenCall));
};

// --- the start

const insistOnOrigin = () => {
  const own = new URL(publicUrl).origin;
  if (location.origin === own) return;
  byId('problem').replaceChildren(
    'The flows come back to another address than this one. ',
    element('a', { href: `${publicUrl}/test` }, `Open this page at ${own}`),
    '.',
  );
};

on('application', 'submit', startFlow);
on('front-end', 'submit', startFlow);
on('revoke', 'click', revokeToken);
on('place', 'submit', place);
on('stop', 'click', () => stop(followed.watched));
on('refresh', 'click', () => followed.refresh());

const answer = takeAnswer(publicUrl);
if (answer !== undefined) receive(answer);
showToken();
if (answer === undefined && currentToken() !== undefined) followed.start();
insistOnOrigin();
