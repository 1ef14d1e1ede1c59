import { DemoCarrier } from '../engines/sandbox/demo-carrier.ts';
import { DemoPhone } from '../engines/sandbox/demo-phone.ts';
import type { SipTrunk } from '../engines/sip/call/trunk-dialect.ts';
import type { MonotonicClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { Registration } from '../sip/registrar/registration.ts';
import { SipStack } from '../sip/sip-stack.ts';
import type { Shutdown } from './shutdown.ts';

const HOST = '127.0.0.1';
const ANSWER_AFTER_MS = 1000;
const CARRIER_ANSWERS_AFTER_MS = 800;
const GRACE_MS = 1000;
/** A registration on loopback takes milliseconds: one that takes longer never comes. */
const REGISTER_WITHIN_MS = 5000;

export interface SandboxParts {
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly shutdown: Shutdown;
}

const openStack = async (parts: SandboxParts, contactUser: string, serverName: string): Promise<SipStack> => {
  const listeners = [{ protocol: 'udp', host: HOST, port: 0 }] as const;
  const { clock, ids, log, shutdown } = parts;
  const stack = new SipStack({ listeners, contactUser, serverName, clock, ids, log });
  await stack.start();
  shutdown.add(async () => {
    await stack.userAgent.close(GRACE_MS);
    await stack.close();
  });
  return stack;
};

const portOf = ({ listeners }: SipStack): number => listeners[0]?.port ?? 0;

/** Starts the carrier on a loopback port of its own. @returns the trunk that leads to it */
export const startDemoCarrier = async (parts: SandboxParts): Promise<SipTrunk> => {
  const stack = await openStack(parts, 'carrier', 'Offhook demo carrier');
  const { clock, ids, log } = parts;
  const { userAgent } = stack;
  new DemoCarrier({ userAgent, host: HOST, answerAfterMs: CARRIER_ANSWERS_AFTER_MS, clock, ids, log });
  return { name: 'sandbox', uri: `sip:${HOST}:${portOf(stack)}` };
};

export interface DemoPhoneParts extends SandboxParts {
  readonly account: string;
  readonly password: string;
  readonly registrarPort: number;
  readonly domain: string;
}

/**
 * Starts the phone of the demo user and registers it with us, over UDP and with digest, as any phone would.
 * @throws Error when the registration does not succeed in time
 */
export const startDemoPhone = async (parts: DemoPhoneParts): Promise<void> => {
  const { account, password, registrarPort, domain, clock, ids, log, shutdown } = parts;
  const { userAgent } = await openStack(parts, account, 'Offhook demo phone');
  new DemoPhone({ userAgent, host: HOST, answerAfterMs: ANSWER_AFTER_MS, clock, ids, log });
  const registration = new Registration({
    userAgent,
    registrar: `sip:${domain}`,
    account: `sip:${account}@${domain}`,
    credentials: { username: account, password },
    hop: { protocol: 'udp', address: HOST, port: registrarPort },
    clock,
    ids,
  });
  shutdown.add(() => registration.close());
  await new Promise<void>((resolve, reject) => {
    const limit = clock.setTimer(REGISTER_WITHIN_MS, () => reject(new Error('The demo phone could not register.')));
    registration.once('registered', () => {
      limit.cancel();
      resolve();
    });
    void registration.start();
  });
};
