import type { Modes, Transaction, TransactionStore } from './authorization-library.ts';
import type { Authorization } from '../../oauth/authorize/consent.ts';
import { UntrustedRequestError } from '../../oauth/model/errors.ts';
import type { PendingDecisions } from '../../oauth/authorize/pending-decisions.ts';
import { redirectWith } from './redirect-response.ts';
import { settle } from '../../shared/settle.ts';

/** Every redirect with an answer or an error goes through these: 303, and with the issuer (RFC 9207). */
export const createModes = (issuer: string): Modes => ({
  query: ({ redirectURI }, response, values) =>
    redirectWith(response, { uri: redirectURI, place: 'query', values: { ...values, iss: issuer } }),
  fragment: ({ redirectURI }, response, values) =>
    redirectWith(response, { uri: redirectURI, place: 'fragment', values: { ...values, iss: issuer } }),
});

const transactionOf = (authorization: Authorization): Transaction => {
  const { redirectUri, responseType, state } = authorization.request;
  return {
    client: authorization.client,
    redirectURI: redirectUri,
    req: { type: responseType, ...(state === null ? {} : { state }) },
    locals: { authorization },
  };
};

/** Questions are kept in our table and not in the session: found by what they are about, and taken once. */
export const createTransactionStore = (pendingDecisions: PendingDecisions): TransactionStore => {
  const take = async (authorization: Authorization): Promise<Transaction> => {
    const asked = await pendingDecisions.take(authorization);
    if (asked !== undefined) return transactionOf({ ...authorization, request: asked });
    throw new UntrustedRequestError(
      'Nothing was asked here, or it was answered before. Start again at the application.',
    );
  };

  return {
    store: (_request, { locals }, done) => {
      if (locals === undefined) {
        done(new Error('A question needs an authorization'));
        return;
      }
      settle(pendingDecisions.arm(locals.authorization), (error) => done(error));
    },
    load: ({ locals }, done) => {
      if (locals === undefined) {
        done(new Error('An answer needs an authorization'));
        return;
      }
      settle(take(locals.authorization), done);
    },
    remove: (_request, _id, done) => done(),
  };
};
