import type { ToneName } from '../../../media/tones.ts';
import type { RemoteOffer } from '../../../sip/user-agent.ts';
import type { Leg } from '../leg/leg.ts';
import type { MediaJoin } from './media-join.ts';
import type { Prompter, PromptPlayback } from './prompter.ts';

export interface CallerPromptOptions {
  readonly caller: Leg;
  readonly media: MediaJoin;
  readonly prompter: Prompter;
}

/** What the user hears: our ringback, the early media of the network, our busy tone, or nothing of ours any more. */
type Heard = 'nothing' | 'ringback' | 'network' | 'busy' | 'over';

/** What the user hears from its answer to the join, or to the end where none comes. */
export class CallerPrompt {
  readonly #options: CallerPromptOptions;
  #heard: Heard = 'nothing';
  #playback: PromptPlayback | undefined;

  constructor(options: CallerPromptOptions) {
    this.#options = options;
  }

  /** @returns false where the user's phone takes no audio that we can send */
  ring(): boolean {
    this.#heard = 'ringback';
    return this.#play('ringback');
  }

  /** The network is heard instead of our ringback, where the user's phone takes its media. */
  async hearNetwork(sdp: string): Promise<void> {
    if (this.#heard !== 'ringback' && this.#heard !== 'network') return;
    const before = this.#heard;
    this.#heard = 'network';
    const isTaken = await this.#offer(sdp);
    if (!this.#isHearing('network')) return;
    if (isTaken) this.#stopPlayback();
    else this.#heard = before;
  }

  /** Another trunk is tried: a user who heard the one before is brought back to our ringback. */
  async ringAgain(): Promise<void> {
    if (this.#heard !== 'network') return;
    this.#heard = 'ringback';
    await this.#offer(this.#options.prompter.offer);
    if (this.#isHearing('ringback')) this.#play('ringback');
  }

  /** @returns false where it is not heard: the network's announcement was heard, or the phone takes no audio */
  busy(): boolean {
    if (this.#heard === 'network') return false;
    this.#heard = 'busy';
    return this.#play('busy');
  }

  /** An offer of the user's phone is answered by our own endpoint, which is heard from then on. */
  answer(offer: RemoteOffer): void {
    const { caller, prompter } = this.#options;
    if (offer.sdp === undefined) {
      offer.accept(caller.sdp.stamp(prompter.offer));
      return;
    }
    try {
      const answer = caller.sdp.stamp(prompter.answer(offer.sdp));
      caller.remote = offer.sdp;
      offer.accept(answer);
    } catch {
      offer.reject(488);
      return;
    }
    this.follow();
  }

  /** The tone goes where the user's phone is now. */
  follow(): void {
    if (this.#heard === 'network') this.#heard = 'ringback';
    if (this.#heard === 'ringback' || this.#heard === 'busy') this.#play(this.#heard);
  }

  /** Nothing is heard of us after it. */
  stop(): void {
    this.#heard = 'over';
    this.#stopPlayback();
  }

  #isHearing(heard: Heard): boolean {
    return this.#heard === heard;
  }

  /** Early media that cannot be read is not worth the call. */
  #offer(sdp: string): Promise<boolean> {
    return this.#options.media.offerToCaller(sdp).catch(() => false);
  }

  #play(tone: ToneName): boolean {
    const { caller, prompter } = this.#options;
    this.#stopPlayback();
    this.#playback = prompter.play(tone, caller.remote);
    return this.#playback !== undefined;
  }

  #stopPlayback(): void {
    this.#playback?.stop();
    this.#playback = undefined;
  }
}
