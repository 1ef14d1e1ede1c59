import type { Authorization, ConsentQuestion } from '../../oauth/authorization.ts';
import { settle } from '../../shared/settle.ts';
import type { Modes, Transaction, TransactionStore } from './authorization-library.ts';
import { redirectWith } from './redirect-response.ts';

/** Every redirect with an answer or an error goes through these: 303, and with the issuer (RFC 9207). */
export const createModes = (issuer: string): Modes => ({
  query: ({ redirectURI }, response, values) =>
    redirectWith(response, { uri: redirectURI, place: 'query', values: { ...values, iss: issuer } }),
  fragment: ({ redirectURI }, response, values) =>
    redirectWith(response, { uri: redirectURI, place: 'fragment', values: { ...values, iss: issuer } }),
});

const transactionOf = (question: ConsentQuestion): Transaction => {
  const { redirectUri, responseType, state } = question.request;
  return {
    client: question.client,
    redirectURI: redirectUri,
    req: { type: responseType, ...(state === null ? {} : { state }) },
    locals: { question },
  };
};

/** Questions are kept in our table and not in the session: found by what they are about, and taken once. */
export const createTransactionStore = (
  consents: Pick<Authorization['consents'], 'ask' | 'take'>,
): TransactionStore => ({
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
    settle(consents.take(locals.question).then(transactionOf), done);
  },
  remove: (_request, _id, done) => done(),
});
