import { expect } from '@jest/globals';
import { type ApiCall, isOver } from '../support/rest-client.ts';
import type { Sipp, SippReport } from '../support/sipp.ts';
import type { Stage } from './stage.ts';

/** A call that is over, and what each sipp saw of it. */
export interface PlayedCall {
  readonly call: ApiCall;
  readonly phone: SippReport;
  readonly carrier: SippReport;
}

/** How long a sipp may go on after the call is over. */
const SIPP_LIMIT_MS = 2000;
const NO_REPORT: SippReport = { exitCode: 0, errors: '', messages: [] };

interface LineSipps {
  readonly phone: Sipp | undefined;
  readonly carrier: Sipp | undefined;
  readonly nextCarrier: Sipp | undefined;
}

/** One call on its line. */
export class LineCall {
  readonly token: string;
  readonly #stage: Stage;
  readonly #sipps: LineSipps;

  constructor(stage: Stage, token: string, sipps: LineSipps) {
    this.#stage = stage;
    this.token = token;
    this.#sipps = sipps;
  }

  until(isWanted: (call: ApiCall) => boolean, limitMs?: number): Promise<ApiCall> {
    return this.#stage.rest.until(this.token, isWanted, limitMs);
  }

  async untilState(state: string): Promise<ApiCall> {
    return this.until((call) => call.state === state);
  }

  async untilLeg(role: 'caller' | 'callee', state: string): Promise<ApiCall> {
    return this.until(({ legs }) => legs.some((leg) => leg.role === role && leg.state === state));
  }

  /** The reply to PUT. */
  stop(): Promise<ApiCall> {
    return this.#stage.rest.stop(this.token);
  }

  /** Waits for the end, which must be clean on all sides: nothing unexpected at a sipp, one end in the journal. */
  async finished(limitMs = 10_000): Promise<PlayedCall> {
    const call = await this.until(isOver, limitMs).catch((error: unknown) => error as Error);
    const [phone, carrier, nextCarrier] = await Promise.all([
      reportOf(this.#sipps.phone),
      reportOf(this.#sipps.carrier),
      reportOf(this.#sipps.nextCarrier),
    ]);
    if (call instanceof Error) throw new Error(`${call.message}\n${transcript([phone, carrier, nextCarrier])}`);
    for (const { exitCode, errors } of [phone, carrier, nextCarrier]) {
      expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
    }
    expectOneEnd(call, this.#stage.eventsOf(this.token));
    return { call, phone, carrier };
  }

  /** Ends sipps whose scenario has no end. */
  async abandon(): Promise<void> {
    const { phone, carrier, nextCarrier } = this.#sipps;
    await Promise.all([phone?.kill(), carrier?.kill(), nextCarrier?.kill()]);
  }
}

const reportOf = async (sipp: Sipp | undefined): Promise<SippReport> =>
  sipp === undefined ? NO_REPORT : sipp.finished(SIPP_LIMIT_MS);

/** One `call.ended` whatever raced, and one end for each leg that was called, after it. */
const expectOneEnd = ({ legs }: ApiCall, events: readonly string[]): void => {
  const called = legs.filter(({ reason }) => reason !== null).length;
  expect(events.filter((name) => name === 'call.ended')).toHaveLength(1);
  expect(events.filter((name) => name === 'leg.ended')).toHaveLength(called);
  expect(events.indexOf('leg.ended')).toBeGreaterThan(events.indexOf('call.ended'));
};

/** All that sipp saw, for the message of a failed test. */
const transcript = (reports: readonly SippReport[]): string =>
  reports.map(({ errors, messages }) => [errors, ...messages.map(({ text }) => text)].join('\n\n')).join('\n=====\n');
