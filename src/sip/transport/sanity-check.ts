import { createHash } from 'node:crypto';
import { createResponse } from '../message/create-response.ts';
import { SipParseError } from '../message/errors.ts';
import type { SipMessage, SipRequest } from '../message/message.ts';
import { isAnswerable, type ParseResult } from '../message/parse.ts';
import { printMessage } from '../message/print.ts';
import { validateRequest, validateResponse } from '../message/validate.ts';
import { formatVia, splitList, type Via } from '../message/via.ts';
import { responseHop } from './response-hop.ts';
import type { Arrival, Hop } from './transport.ts';

/** What became of all that came in. */
export interface SanityCounters {
  /** Passed up. */
  readonly accepted: number;
  /** Bad requests that were answered. */
  readonly refused: number;
  /** Neither: no SIP, or nothing that may be answered. */
  readonly dropped: number;
}

interface Fault {
  readonly status: number;
  readonly reason: string;
}

/** The same for each copy of a request, since nothing is remembered of it (RFC 3261 section 8.2.7). */
const statelessTag = (request: SipRequest): string =>
  createHash('sha256')
    .update(`${request.callId} ${request.headers.get('via') ?? ''}`)
    .digest('base64url')
    .slice(0, 16);

const withoutBrackets = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

const stamped = (via: Via, source: Hop): Via => {
  const received = source.address;
  return via.rport === undefined ? { ...via, received } : { ...via, received, rport: source.port };
};

/**
 * Notes in the top Via where a request really came from: `received` where sent-by differs or `rport` was asked for, and
 * `rport` where it was (RFC 3261 section 18.2.1, RFC 3581 section 4).
 * @throws SipParseError when there is no Via that can be read
 */
const stampVia = (request: SipRequest, source: Hop): void => {
  const via = request.topVia;
  if (via.rport === undefined && withoutBrackets(via.host) === source.address) return;
  const others = splitList(request.headers.get('via') ?? '').slice(1);
  request.headers.replaceFirst('via', [formatVia(stamped(via, source)), ...others].join(', '));
  request.forgetParsed();
};

/** @returns what is wrong with a request; its top Via has been stamped unless it cannot be read */
const requestFault = (request: SipRequest, source: Hop): Fault | undefined => {
  try {
    stampVia(request, source);
  } catch (error) {
    if (error instanceof SipParseError) return error;
    throw error;
  }
  return validateRequest(request);
};

/** The gate between the sockets and the transactions: only sound messages pass, and no input makes it throw. */
export class SanityCheck {
  readonly #answer: (data: Buffer, hop: Hop) => void;
  readonly #counters = { accepted: 0, refused: 0, dropped: 0 };

  constructor(answer: (data: Buffer, hop: Hop) => void) {
    this.#answer = answer;
  }

  get counters(): SanityCounters {
    return { ...this.#counters };
  }

  /** @returns the message that is to be passed up, a request with its top Via stamped */
  admit(result: ParseResult, arrival: Arrival): SipMessage | undefined {
    if (result.kind === 'malformed') {
      if (result.answerable !== undefined) stampVia(result.answerable, arrival.source);
      this.#refuse(result.answerable, result.error, arrival);
      return undefined;
    }
    const { message } = result;
    return message.kind === 'request' ? this.#admitRequest(message, arrival) : this.#admitResponse(message);
  }

  /** Bytes that never became a message. */
  drop(): void {
    this.#counters.dropped += 1;
  }

  #admitRequest(request: SipRequest, arrival: Arrival): SipMessage | undefined {
    const fault = requestFault(request, arrival.source);
    if (fault === undefined) return this.#accept(request);
    this.#refuse(isAnswerable(request) ? request : undefined, fault, arrival);
    return undefined;
  }

  #admitResponse(response: SipMessage & { kind: 'response' }): SipMessage | undefined {
    if (validateResponse(response) === undefined) return this.#accept(response);
    this.drop();
    return undefined;
  }

  #accept(message: SipMessage): SipMessage {
    this.#counters.accepted += 1;
    return message;
  }

  /** One response no longer than the request, to its source alone: nothing to amplify an attack with. */
  #refuse(request: SipRequest | undefined, { status, reason }: Fault, arrival: Arrival): void {
    if (request === undefined) {
      this.drop();
      return;
    }
    this.#counters.refused += 1;
    const response = createResponse(request, status, { reasonPhrase: reason, toTag: statelessTag(request) });
    this.#answer(printMessage(response), responseHop(request.topVia, arrival));
  }
}
