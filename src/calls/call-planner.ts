import { type PlaceCall, type RingTimes, ringTimesOf } from './call-command.ts';
import type { CallEngine, CallPlan, Endpoint } from './call-engine.ts';
import type { CallPolicy } from './call-policy.ts';
import {
  CallerIdNotAllowedError,
  EngineUnavailableError,
  InvalidCommandError,
  InvalidNumberError,
  NoPhoneError,
} from './errors.ts';
import { dialledDigits, type DialledNumber, toE164 } from './number.ts';
import type { CallUser, Phone, PhoneDirectory } from './phone-directory.ts';

/** Whom a command wants to reach. */
type Destination =
  { readonly kind: 'extension'; readonly user: CallUser } | { readonly kind: 'number'; readonly number: DialledNumber };

/** A command that was read: what is left is whether it may be carried out. */
export interface CallRequest {
  readonly command: PlaceCall;
  readonly user: CallUser;
  readonly destination: Destination;
  /** E.164 or an extension. */
  readonly number: string;
  readonly times: RingTimes;
}

/** Turns a command into a plan, or says why not. It changes nothing. */
export class CallPlanner {
  readonly #phones: PhoneDirectory;
  readonly #engine: CallEngine;
  readonly #policy: CallPolicy;

  constructor({ phones, engine, policy }: { phones: PhoneDirectory; engine: CallEngine; policy: CallPolicy }) {
    this.#phones = phones;
    this.#engine = engine;
    this.#policy = policy;
  }

  /** Reads the command in the user's way of dialling. Emergency numbers come first: no extension hides them. */
  async read(command: PlaceCall, userId: string): Promise<CallRequest> {
    const times = ringTimesOf(command);
    const digits = dialledDigits(command.number);
    const user = await this.#phones.user(userId);
    if (user === undefined) throw new NoPhoneError('You have no phone.');
    this.#policy.refuseEmergency(digits, this.#policy.countryOf(user));
    const destination = await this.#destinationOf(digits, user);
    const number = destination.kind === 'number' ? destination.number.e164 : digits;
    return { command, user, destination, number, times };
  }

  /** The plan, where policy, phones and routes allow it. */
  async plan({ command, user, destination, number, times }: CallRequest, tokenCall: string): Promise<CallPlan> {
    if (destination.kind === 'number') this.#policy.refuseBarred(destination.number);
    const callerId = this.#callerIdOf(command, user, destination);
    const caller = await this.#callerEndpoints(command, user);
    const callee = await this.#calleeEndpoints(destination);
    return {
      tokenCall,
      caller,
      callee,
      destinationDisplay: number,
      ...(callerId !== undefined && { callerId }),
      ...times,
    };
  }

  async #destinationOf(digits: string, user: CallUser): Promise<Destination> {
    const other = digits.startsWith('+') ? undefined : await this.#phones.userByExtension(digits);
    if (other?.userId === user.userId) throw new InvalidNumberError('The number is your own extension.');
    if (other !== undefined) return { kind: 'extension', user: other };
    return { kind: 'number', number: toE164(digits, this.#policy.countryOf(user)) };
  }

  /** Between extensions a phone shows who calls; to the outside only what was asked for and allowed. */
  #callerIdOf(command: PlaceCall, user: CallUser, destination: Destination): string | undefined {
    if (command.callerId === undefined) {
      return destination.kind === 'extension' ? (user.extension ?? undefined) : undefined;
    }
    const callerId = this.#callerIdInE164(command.callerId, user);
    if (callerId !== undefined && user.callerIds.includes(callerId)) return callerId;
    throw new CallerIdNotAllowedError('You may not show this number.');
  }

  #callerIdInE164(callerId: string, user: CallUser): string | undefined {
    try {
      return toE164(dialledDigits(callerId), this.#policy.countryOf(user)).e164;
    } catch (error) {
      if (error instanceof InvalidNumberError) return undefined;
      throw error;
    }
  }

  async #callerEndpoints({ from }: PlaceCall, user: CallUser): Promise<readonly Endpoint[]> {
    const phones = await this.#phones.phonesOf(user);
    const reachable = await this.#reachable(from === undefined ? phones : [namedPhone(phones, from)]);
    if (reachable.length > 0) return reachable;
    throw new NoPhoneError(phones.length === 0 ? 'You have no phone.' : 'Your phone cannot be reached now.');
  }

  /** A number needs a route. Another user's phones may be off: they are located when they are rung, not before. */
  async #calleeEndpoints(destination: Destination): Promise<readonly Endpoint[]> {
    if (destination.kind === 'number') {
      const located = await this.#engine.locate({ kind: 'number', number: destination.number.e164 });
      if (located !== undefined) return [located];
      throw new EngineUnavailableError('There is no route to the destination now.');
    }
    const phones = await this.#phones.phonesOf(destination.user);
    if (phones.length === 0) throw new NoPhoneError('The extension has no phone.');
    return phones.map(({ endpoint }) => endpoint);
  }

  async #reachable(phones: readonly Phone[]): Promise<readonly Endpoint[]> {
    const located = await Promise.all(phones.map(({ endpoint }) => this.#engine.locate(endpoint)));
    return located.filter((endpoint) => endpoint !== undefined);
  }
}

const namedPhone = (phones: readonly Phone[], name: string): Phone => {
  const phone = phones.find((candidate) => candidate.name === name);
  if (phone !== undefined) return phone;
  throw new InvalidCommandError('You have no phone of that name.', { details: { field: 'from' } });
};
