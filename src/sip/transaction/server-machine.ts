import { keepBytes, releaseBytes, type KeptBytes } from './kept-bytes.ts';
import { Machine } from './machine.ts';

/** A response that is ready to leave. */
export interface Reply {
  readonly status: number;
  readonly data: Buffer;
  readonly onError: (error: Error) => void;
}

/** A server machine as the handle of its user knows it. */
export interface Replying {
  respond(reply: Reply): void;
  take(input: 'sendFailed'): void;
}

/** What both server machines share: the last response, kept for as long as its request may come again. */
export abstract class ServerMachine<State extends string, Input extends string, Action extends string> extends Machine<
  State,
  Input,
  Action,
  Reply
> {
  #last: KeptBytes | undefined;

  /** The transaction user answers. */
  abstract respond(reply: Reply): void;

  sendReply(reply: Reply): void {
    this.#last = keepBytes(reply.data);
    this.host.send(reply.data, this.hop, reply.onError);
  }

  /** Sends a response that its user repeats, so that nothing is kept. */
  sendReplyOnce(reply: Reply): void {
    this.#last = undefined;
    this.host.send(reply.data, this.hop, reply.onError);
  }

  resendReply(): void {
    if (this.#last !== undefined) this.host.send(releaseBytes(this.#last), this.hop);
  }

  forgetReply(): void {
    this.#last = undefined;
  }
}
