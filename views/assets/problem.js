/** A request that was refused. The message is a sentence for a person. */
export class RefusedError extends Error {
  constructor(message, { status, code, retryAfterSeconds }) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const sentences = {
  access_denied: 'The access was refused.',
  invalid_client: 'The client id or its secret is wrong.',
  invalid_grant: 'The code is not valid any more, or belongs to another client or address.',
  invalid_scope: 'The scope is unknown, or this client may not have it.',
  invalid_token: 'The token is not valid any more.',
  insufficient_scope: 'The token does not allow this.',
  unauthorized_client: 'This client may not use this flow.',
  call_not_found: 'There is no such call.',
  destination_barred: 'This number must not be called.',
  invalid_number: 'This is not a telephone number.',
  no_phone: 'You have no phone that can be reached.',
  rate_limited: 'Too many requests. Wait a moment.',
  too_many_calls: 'You have too many ongoing calls.',
};

const ended = (sentence) => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`);

/** A sentence for an OAuth error (RFC 6749 section 5.2) or a problem (RFC 9457). */
export const sentenceFor = (problem) => {
  const said = problem.error_description ?? problem.detail ?? sentences[problem.error ?? problem.code] ?? problem.title;
  return ended(said ?? problem.error ?? 'The service refused without a reason');
};

const readProblem = async (response) => {
  try {
    return (await response.json()) ?? {};
  } catch {
    return { title: `The service answered ${response.status}` };
  }
};

/** The error that a reply stands for. */
export const refusalOf = async (response) => {
  const problem = await readProblem(response);
  return new RefusedError(sentenceFor(problem), {
    status: response.status,
    code: problem.error ?? problem.code,
    retryAfterSeconds: Number(response.headers.get('Retry-After') ?? Number.NaN),
  });
};

/** Fetch without cookies: tokens and secrets are the authority here. */
export const request = async (address, options) => {
  let response;
  try {
    response = await fetch(address, { ...options, credentials: 'omit', cache: 'no-store' });
  } catch {
    throw new RefusedError('The service cannot be reached.', { status: 0 });
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
};
