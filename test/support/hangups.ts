import { setTimeout as pause } from 'node:timers/promises';
import { becomes, type FaultStage } from './fault-stage.ts';
import { RestError } from './rest-client.ts';

/** How long a call may take to be over at both ends. */
const GONE_WITHIN_MS = 10_000;

/** How much of a fault hang-ups should be spread over, so that the last one is over with it. */
export const SHARE_OF_HANGUPS = 0.9;

type EndedBy = 'caller' | 'callee' | 'user';

/** A hang-up, as those who did it and the peers saw it. */
export interface Hangup {
  readonly number: string;
  readonly token: string;
  readonly endedBy: EndedBy;
  /** Of the PUT; 0 where there was no reply; undefined where a peer hung up. */
  readonly status?: number;
  /** From the BYE to its confirmation, or from the PUT to its reply. */
  readonly ms: number;
  /** Whether the call was over at both ends soon afterwards. */
  readonly isDone: boolean;
}

interface Connected {
  readonly number: string;
  readonly token: string;
}

const ENDINGS: readonly EndedBy[] = ['caller', 'callee', 'user'];

const put = async (stage: FaultStage, token: string): Promise<number> => {
  try {
    await stage.rest.stop(token);
    return 200;
  } catch (error) {
    return error instanceof RestError ? error.status : 0;
  }
};

/** Resolves when the service has confirmed the BYE, or let 64 T1 pass. */
const bye = async (stage: FaultStage, number: string, endedBy: 'caller' | 'callee'): Promise<void> =>
  stage[endedBy === 'caller' ? 'phone' : 'carrier'].hangUp(number).catch(() => undefined);

/** Ends a call by its phone, its carrier or its user. */
export const hangUp = async (stage: FaultStage, call: Connected, endedBy: EndedBy): Promise<Hangup> => {
  const begun = performance.now();
  const status = endedBy === 'user' ? await put(stage, call.token) : undefined;
  if (endedBy !== 'user') await bye(stage, call.number, endedBy);
  const ms = performance.now() - begun;
  const isDone = await becomes(() => stage.isGone(call.number), GONE_WITHIN_MS);
  return { ...call, endedBy, ms, isDone, ...(status !== undefined && { status }) };
};

/** Ends calls one after the other, spread over a time, by phone, carrier and user in turn. */
export const hangUpInTurn = async (
  stage: FaultStage,
  calls: readonly Connected[],
  withinMs: number,
): Promise<readonly Hangup[]> => {
  const hangups: Promise<Hangup>[] = [];
  for (const [index, call] of calls.entries()) {
    await pause(withinMs / calls.length);
    hangups.push(hangUp(stage, call, ENDINGS[index % ENDINGS.length] ?? 'user'));
  }
  return Promise.all(hangups);
};

/** @returns what the journal has not of a hang-up that was done; undefined where it has it */
export const missingOf = async (stage: FaultStage, { token, endedBy }: Hangup): Promise<string | undefined> => {
  const call = await stage.info(token);
  const legs = call.legs.map(({ state }) => state);
  const isTrue = call.state === 'ended' && call.ended_by === endedBy && legs.every((state) => state === 'ended');
  return isTrue ? undefined : `${token} is ${call.state} by ${String(call.ended_by)}, its legs ${legs.join(' and ')}`;
};
