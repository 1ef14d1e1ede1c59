import type { SipResponse } from '../message/message.ts';
import { sdpOf } from './sdp-body.ts';

/** The SDP of provisional responses: only that of the first fork that sends any is heard. */
export class EarlyMedia {
  #fork: string | undefined;
  #sdp: string | undefined;

  /** @returns the SDP of the response where it is to be heard */
  take(response: SipResponse): string | undefined {
    const sdp = sdpOf(response);
    const fork = response.to.tag ?? '';
    if (sdp === undefined || fork !== (this.#fork ?? fork)) return undefined;
    this.#fork = fork;
    this.#sdp = sdp;
    return sdp;
  }

  /** What that fork sent last: it stands for the answer where its 2xx has none. */
  of(response: SipResponse): string | undefined {
    return response.to.tag === this.#fork ? this.#sdp : undefined;
  }
}
