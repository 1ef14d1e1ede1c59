import { openMediaFor } from '../../src/engines/sandbox/sandbox-media.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { SipStack } from '../../src/sip/sip-stack.ts';
import type { IncomingSession } from '../../src/sip/user-agent.ts';

const HOST = '127.0.0.1';
const parts = { clock: systemClock, ids: createSystemIds(), log: silentLog };

/** A phone or a carrier of somebody else: answers whoever calls, and remembers how each call ended. */
export class AnsweringPeer {
  /** The method of the request that ended each call: BYE, or CANCEL while it still rang. */
  readonly endings: string[] = [];
  readonly #stack: SipStack;

  private constructor(stack: SipStack) {
    this.#stack = stack;
    stack.userAgent.listen((session) => void this.#answer(session));
  }

  static async open(): Promise<AnsweringPeer> {
    const listeners = [{ protocol: 'udp', host: HOST, port: 0 }] as const;
    const stack = new SipStack({ ...parts, listeners, contactUser: 'peer', serverName: 'Peer' });
    await stack.start();
    return new AnsweringPeer(stack);
  }

  get uri(): string {
    return `sip:${HOST}:${this.#stack.listeners[0]?.port ?? 0}`;
  }

  async close(): Promise<void> {
    await this.#stack.userAgent.close(0);
    await this.#stack.close();
  }

  async #answer(session: IncomingSession): Promise<void> {
    session.on('ended', (end) => this.endings.push(end.kind === 'remote-hangup' ? end.request.method : end.kind));
    const media = await openMediaFor(session, { ...parts, host: HOST, send: 'silence' });
    if (media === undefined) return;
    session.accept(session.remoteSdp === undefined ? media.offer() : media.answer(session.remoteSdp));
  }
}
