import type { RemoteOffer } from '../../../sip/user-agent.ts';
import type { Leg } from '../leg/leg.ts';
import { CallerPrompt } from './caller-prompt.ts';
import { type JoinResult, MediaJoin } from './media-join.ts';
import type { Prompter } from './prompter.ts';

/** The media of a call: what the user hears, the join with the destination, and what either leg wants to change. */
export class CallMedia {
  readonly prompt: CallerPrompt;
  readonly #join: MediaJoin;

  constructor(caller: Leg, prompter: Prompter) {
    this.#join = new MediaJoin(caller);
    this.prompt = new CallerPrompt({ caller, media: this.#join, prompter });
  }

  /** Steps 5 and 6: both legs are shown each other's media, and ours stop. */
  async join(callee: Leg): Promise<JoinResult> {
    const result = await this.#join.join(callee);
    this.prompt.stop();
    return result;
  }

  /** An offer of a leg: answered by our own endpoint before the join, carried to the other leg after it. */
  async take(offer: RemoteOffer, from: Leg): Promise<void> {
    if (this.#join.isBusy) await this.#join.takeMeanwhile(offer, from);
    else if (this.#join.isJoined) await this.#join.carry(offer, from);
    else this.prompt.answer(offer);
  }

  /** A leg has answered the offer for which it had asked. */
  async follow(answer: string, from: Leg): Promise<void> {
    from.remote = answer;
    if (this.#join.isJoined) await this.#join.follow(from);
    else this.prompt.follow();
  }
}
