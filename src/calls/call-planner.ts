import type { NumberPattern } from '../shared/number-pattern.ts';
import { ANONYMOUS, type PlaceCall, type RingTimes, ringTimesOf } from './call-command.ts';
import type { CallEngine, CallPlan, Endpoint, TestPlan } from './call-engine.ts';
import type { CallPolicy } from './call-policy.ts';
import { type Destination, DestinationReader, readingsOf } from './destination.ts';
import { type DialledText, readDialled } from './dialled-text.ts';
import {
  CallerIdNotAllowedError,
  InvalidCommandError,
  InvalidNumberError,
  NoPhoneError,
  NoRouteError,
} from './errors.ts';
import { toE164 } from './number.ts';
import type { CallUser, Phone, PhoneDirectory } from './phone-directory.ts';

/** A command that was read: what is left is whether it may be carried out. */
export interface CallRequest {
  readonly command: PlaceCall;
  readonly user: CallUser;
  readonly destination: Destination;
  /** In whose way the number was dialled: ISO 3166-1 alpha-2. */
  readonly country: string;
  /** E.164, or as it was dialled: an extension, what the pattern of a route takes. */
  readonly number: string;
  readonly times: RingTimes;
  /** To be dialled once the destination has answered; mostly empty. */
  readonly digitsAfterAnswer: string;
}

export interface CallPlannerOptions {
  readonly phones: PhoneDirectory;
  readonly engine: Pick<CallEngine, 'locate'>;
  readonly policy: CallPolicy;
  /** Of the routes: what is dialled and matches goes there as it is. */
  readonly patterns?: readonly NumberPattern[] | undefined;
}

/** Turns a command into a plan, or says why not. It changes nothing. */
export class CallPlanner {
  readonly #phones: PhoneDirectory;
  readonly #engine: CallPlannerOptions['engine'];
  readonly #policy: CallPolicy;
  readonly #destinations: DestinationReader;

  constructor({ phones, engine, policy, patterns }: CallPlannerOptions) {
    this.#phones = phones;
    this.#engine = engine;
    this.#policy = policy;
    this.#destinations = new DestinationReader(phones, patterns);
  }

  /** Reads the command in the user's way of dialling. Emergency numbers come first: no extension hides them. */
  async read(command: PlaceCall, userId: string): Promise<CallRequest> {
    const times = ringTimesOf(command);
    const dialled = readDialled(command.number);
    const user = await this.#phones.user(userId);
    if (user === undefined) throw new NoPhoneError('You have no phone.');
    const country = this.#policy.countryOf(user);
    const readings = readingsOf(dialled.digits, plusOf(command, 'number'));
    this.#refuseEmergency(dialled, readings, country);
    const digitsAfterAnswer = dialled.afterAnswer;
    if (digitsAfterAnswer.length > MOST_DIGITS_AFTER_ANSWER) {
      throw new InvalidNumberError(`The extension is too long: at most ${MOST_DIGITS_AFTER_ANSWER} digits and pauses.`);
    }
    const destination = await this.#destinations.read(readings, { user, country });
    const number = destination.kind === 'number' ? destination.number.e164 : destination.digits;
    return { command, user, destination, country, number, times, digitsAfterAnswer };
  }

  /**
   * Whether a number could be called, by the policy as it is now. A route may still be missing.
   * @throws InvalidNumberError where it is none, or the user's own extension
   * @throws DestinationBarredError where the policy bars it
   */
  async check(number: string, userId: string): Promise<void> {
    this.refuseBarred(await this.read({ number }, userId));
  }

  /** The plan, where policy, phones and routes allow it. */
  async plan(request: CallRequest, tokenCall: string): Promise<CallPlan> {
    const { command, user, times, digitsAfterAnswer } = request;
    this.refuseBarred(request);
    const callerId = this.#callerIdOf(request);
    const caller = await this.#callerEndpoints(command, user);
    const callee = await this.#calleeEndpoints(request.destination);
    return {
      tokenCall,
      caller,
      callee,
      destinationDisplay: request.number,
      ...(callerId !== undefined && { callerId }),
      ...(command.answer !== undefined && { answer: command.answer }),
      ...(digitsAfterAnswer !== '' && { digitsAfterAnswer }),
      ...times,
    };
  }

  /** The same from the test phone: no phone of the user is asked for, and none is rung. */
  async planTest(
    request: CallRequest,
    { tokenCall, script }: Pick<TestPlan, 'tokenCall' | 'script'>,
  ): Promise<TestPlan> {
    this.refuseBarred(request);
    if (request.digitsAfterAnswer !== '') {
      throw new InvalidNumberError('A test call presses no digits after its number: make them a step, {"dtmf":"..."}.');
    }
    const callerId = this.#callerIdOf(request);
    return {
      tokenCall,
      script,
      callee: await this.#calleeEndpoints(request.destination),
      destinationDisplay: request.number,
      ...(callerId !== undefined && { callerId }),
      destinationTimeoutSeconds: request.times.destinationTimeoutSeconds,
    };
  }

  /**
   * Refuses what the policy bars.
   * @throws DestinationBarredError where the destination may not be called
   */
  refuseBarred({ destination, country }: Pick<CallRequest, 'destination' | 'country'>): void {
    if (destination.kind === 'number') this.#policy.refuseBarred(destination.number);
    if (destination.kind === 'pattern') this.#refuseHidden(destination, country);
  }

  /**
   * What the pattern of a route takes may still lead to a number of the world: as it was dialled, or behind the digits that
   * a PBX takes off. One in no known range is a number of the PBX.
   */
  #refuseHidden({ digits, pattern }: Extract<Destination, { kind: 'pattern' }>, country: string): void {
    for (let length = 0; length <= pattern.literal.length; length += 1) {
      const rest = digits.slice(length);
      if (pattern.text.endsWith('.')) this.#policy.refuseEmergency(rest, country);
      const number = PLAIN.test(rest) ? noneIfInvalid(() => toE164(rest, country)) : undefined;
      if (number !== undefined) noneIfInvalid(() => this.#policy.refuseBarred(number));
    }
  }

  /** In every reading; also where an outside line is waited for before the number, as in `9,911`. */
  #refuseEmergency({ digits, afterAnswer }: DialledText, readings: readonly string[], country: string): void {
    const withTones = digits + afterAnswer.replace(/[^0-9]/g, '');
    for (const reading of [...readings, withTones]) this.#policy.refuseEmergency(reading, country);
  }

  /** Between extensions a phone shows who calls; to the outside only what was asked for and allowed. */
  #callerIdOf({ command, user, destination }: CallRequest): string | undefined {
    if (command.callerId === undefined) {
      return destination.kind === 'extension' ? (user.extension ?? undefined) : undefined;
    }
    if (command.callerId.trim().toLowerCase() === ANONYMOUS) return ANONYMOUS;
    const shown = this.#callerIdsInE164(command.callerId, user, plusOf(command, 'caller_id'));
    const callerId = shown.find((number) => user.callerIds.includes(number));
    if (callerId !== undefined) return callerId;
    throw new CallerIdNotAllowedError('You may not show this number.');
  }

  /** In each reading: only numbers of the user's own are at stake. */
  #callerIdsInE164(callerId: string, user: CallUser, plus: ReturnType<typeof plusOf>): readonly string[] {
    const inE164 = (reading: string): string => toE164(reading, this.#policy.countryOf(user)).e164;
    const dialled = noneIfInvalid(() => readDialled(callerId).digits);
    const readings = dialled === undefined ? [] : readingsOf(dialled, plus);
    return readings.flatMap((reading) => noneIfInvalid(() => inE164(reading)) ?? []);
  }

  async #callerEndpoints(command: PlaceCall, user: CallUser): Promise<readonly Endpoint[]> {
    const { from } = command;
    const phones = await this.#phones.phonesOf(user);
    const named = from === undefined ? phones : [namedPhone(phones, from, plusOf(command, 'from'))];
    const reachable = await this.#reachable(named);
    if (reachable.length > 0) return reachable;
    throw new NoPhoneError(phones.length === 0 ? 'You have no phone.' : 'Your phone cannot be reached now.');
  }

  /** A number needs a route. Another user's phones may be off: they are located when they are rung, not before. */
  async #calleeEndpoints(destination: Destination): Promise<readonly Endpoint[]> {
    if (destination.kind !== 'extension') {
      const located = await this.#engine.locate(endpointOf(destination));
      if (located !== undefined) return [located];
      throw new NoRouteError();
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

const endpointOf = (destination: Exclude<Destination, { kind: 'extension' }>): Endpoint => {
  const { digits } = destination;
  if (destination.kind === 'pattern') return { kind: 'pattern', digits, pattern: destination.pattern.text };
  return { kind: 'number', number: destination.number.e164, dialled: digits };
};

/** Of a person's patience, and of the time that a call may take before it is connected. */
const MOST_DIGITS_AFTER_ANSWER = 32;

/** Nothing that only a PBX knows. */
const PLAIN = /^\+?[0-9]+$/;

const plusOf = ({ plusPerhapsLost }: PlaceCall, field: string): 'as-written' | 'perhaps-lost' =>
  plusPerhapsLost?.has(field) === true ? 'perhaps-lost' : 'as-written';

const noneIfInvalid = <Value>(read: () => Value): Value | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidNumberError) return undefined;
    throw error;
  }
};

/** A phone that is a number is named by it: with its plus. */
const namedPhone = (phones: readonly Phone[], name: string, plus: ReturnType<typeof plusOf>): Phone => {
  const names = plus === 'perhaps-lost' ? [`+${name.trim()}`, name.trim()] : [name];
  const phone = phones.find((candidate) => names.includes(candidate.name));
  if (phone !== undefined) return phone;
  throw new InvalidCommandError('You have no phone of that name.', { details: { field: 'from' } });
};
