import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

export interface CallLoad {
  readonly port: number;
  /** Of the users, who take turns. */
  readonly tokens: readonly string[];
  readonly perSecond: number;
  readonly seconds: number;
  /** From the 201 to the PUT. */
  readonly holdMs: number;
}

const send = (port: number, token: string, method: 'POST' | 'PUT', body: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = {
      ...{ Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-www-form-urlencoded' },
      'Content-Length': Buffer.byteLength(body),
    };
    const sent = request({ port, path: '/rest/call', method, headers, agent }, (response) => {
      response.resume();
      response.on('end', () => {
        if ((response.statusCode ?? 500) >= 300) reject(new Error(`${method} was ${response.statusCode}`));
        else resolve(response.headers.location ?? '');
      });
    });
    sent.on('error', reject).end(body);
  });

const playCall = async ({ port, holdMs }: CallLoad, token: string): Promise<void> => {
  const address = await send(port, token, 'POST', 'number=%2B12025550100');
  await pause(holdMs);
  await send(port, token, 'PUT', `token_call=${new URL(address).searchParams.get('token_call')}`);
};

/** Calls in an open loop, the users one after the other. @returns how many failed */
export const playCalls = async (load: CallLoad): Promise<number> => {
  const { tokens, perSecond, seconds } = load;
  const begin = performance.now();
  const calls: Promise<unknown>[] = [];
  for (let index = 0; index < perSecond * seconds; index += 1) {
    await pause(Math.max(0, begin + (index * 1000) / perSecond - performance.now()));
    calls.push(playCall(load, tokens[index % tokens.length] ?? ''));
  }
  const ends = await Promise.allSettled(calls);
  return ends.filter(({ status }) => status === 'rejected').length;
};
