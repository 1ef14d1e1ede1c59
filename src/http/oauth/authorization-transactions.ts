import type { Authorization } from '../../oauth/authorization.ts';
import { settle } from '../../shared/settle.ts';
import type { Locals, Modes, Transaction, TransactionStore } from './authorization-library.ts';
import { locationWith, redirectTo } from './redirect-response.ts';

/**
 * Every redirect with an answer or an error goes through these: 303, and with the issuer (RFC 9207). The mode of a question
 * was checked with it; the library, which chooses between the two, knows only that of the response type.
 */
export const createModes = (issuer: string): Modes => {
  const respondIn =
    (preset: keyof Modes): Modes[keyof Modes] =>
    ({ redirectURI, locals }, response, values) => {
      const place = locals?.question.request.responseMode ?? preset;
      const location = locationWith({ uri: redirectURI, place, values: { ...values, iss: issuer } });
      if (locals?.deliver === undefined) redirectTo(response, location);
      else locals.deliver(location);
    };
  return { query: respondIn('query'), fragment: respondIn('fragment') };
};

const transactionOf = (locals: Locals): Transaction => {
  const { client, request } = locals.question;
  const { redirectUri, responseType, state } = request;
  const req = { type: responseType, ...(state === null ? {} : { state }) };
  return { client, redirectURI: redirectUri, req, locals };
};

/** Questions are kept in our table and not in the session, found by what they are about; who answers one has taken it. */
export const createTransactionStore = (consents: Pick<Authorization['consents'], 'ask'>): TransactionStore => ({
  store: (_request, { locals }, done) => {
    if (locals === undefined) {
      done(new Error('A transaction needs a question'));
      return;
    }
    settle(consents.ask(locals.question), (error) => done(error));
  },
  load: ({ locals }, done) => {
    if (locals === undefined) {
      done(new Error('An answer needs a question'));
      return;
    }
    done(null, transactionOf(locals));
  },
  remove: (_request, _id, done) => done(),
});
