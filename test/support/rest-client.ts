import { setTimeout as pause } from 'node:timers/promises';

export interface ApiLeg {
  readonly role: 'caller' | 'callee';
  readonly address: string;
  readonly state: string;
  readonly sip_status: number | null;
  readonly q850_cause: number | null;
  readonly reason: string | null;
  readonly ringing_at: string | null;
  readonly answered_at: string | null;
  readonly ended_at: string | null;
}

export interface ApiCall {
  readonly token_call: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly ended_by: string | null;
  readonly ended_leg: string | null;
  readonly number: string;
  readonly talk_seconds: number | null;
  readonly legs: readonly [ApiLeg, ApiLeg];
}

export interface ApiEvent {
  readonly event: string;
  readonly sequence: number;
}

/** A refusal, as its problem document says it. */
export class RestError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, body: string) {
    super(`${status} ${body}`);
    this.status = status;
    this.code = code;
  }
}

const LOOK_EVERY_MS = 25;

/** `/rest/call` as a program uses it. */
export class RestClient {
  readonly #url: string;
  readonly #authorization: string;

  constructor(baseUrl: string, accessToken: string) {
    this.#url = `${baseUrl}/rest/call`;
    this.#authorization = `Bearer ${accessToken}`;
  }

  /** @returns the call's token. @throws RestError */
  async place(fields: Readonly<Record<string, string>>): Promise<string> {
    const response = await this.#send(this.#url, { method: 'POST', body: new URLSearchParams(fields) });
    return new URL(response.headers.get('location') ?? '').searchParams.get('token_call') ?? '';
  }

  async info(tokenCall: string): Promise<ApiCall> {
    return (await (await this.#send(`${this.#url}?token_call=${tokenCall}`)).json()) as ApiCall;
  }

  async list(): Promise<readonly ApiCall[]> {
    const { calls } = (await (await this.#send(this.#url)).json()) as { calls: ApiCall[] };
    return calls;
  }

  async stop(tokenCall: string): Promise<ApiCall> {
    const body = new URLSearchParams({ token_call: tokenCall });
    return (await (await this.#send(this.#url, { method: 'PUT', body })).json()) as ApiCall;
  }

  /** What happened in a call, by the journal. */
  async events(tokenCall: string): Promise<readonly ApiEvent[]> {
    const response = await this.#send(`${this.#url}?token_call=${tokenCall}&expand=events`);
    return ((await response.json()) as { events: ApiEvent[] }).events;
  }

  /** Places a call that the sandbox answers, and ends it. @returns its token once all of it is over */
  async play(): Promise<string> {
    const tokenCall = await this.place({ number: '+12025550100' });
    await this.until(tokenCall, ({ state }) => state === 'connected');
    await this.stop(tokenCall);
    await this.until(tokenCall, isOver);
    return tokenCall;
  }

  /** Looks until the call is as wanted. @throws after `limitMs`, with the call as it was seen last */
  async until(tokenCall: string, isWanted: (call: ApiCall) => boolean, limitMs = 10_000): Promise<ApiCall> {
    const end = Date.now() + limitMs;
    for (;;) {
      const call = await this.info(tokenCall);
      if (isWanted(call)) return call;
      if (Date.now() > end) throw new Error(`The call stayed ${JSON.stringify(call, undefined, 1)}`);
      await pause(LOOK_EVERY_MS);
    }
  }

  async #send(url: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(url, { ...init, headers: { authorization: this.#authorization } });
    if (response.ok) return response;
    const body = await response.text();
    throw new RestError(response.status, codeOf(body), body);
  }
}

const codeOf = (body: string): string => {
  try {
    return (JSON.parse(body) as { code?: string }).code ?? '';
  } catch {
    return '';
  }
};

/** Whether the call has ended and both its legs too. */
export const isOver = ({ state, legs }: ApiCall): boolean =>
  state === 'ended' && legs.every((leg) => leg.state === 'ended');
