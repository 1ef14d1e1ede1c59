import type { Listeners } from '../../shared/events.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';

/** An INFO or a MESSAGE within a session, ours or the peer's: keys that are pressed, a few words. */
export interface SessionMessage {
  readonly method: 'INFO' | 'MESSAGE';
  /** As its header has it. */
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/** One of the peer's. It is to be answered once. */
export interface PeerMessage extends SessionMessage {
  respond(status: number): void;
}

/** Header fields added to a message of ours as they are: long names in any case, values ready to be sent. */
export type ExtraHeaders = readonly (readonly [name: string, value: string])[];

/** How a session came to its end. Exactly one per session. */
export type SessionEnd =
  /** A final response other than 2xx to our INVITE; 487 after our own cancel included. */
  | { readonly kind: 'refused'; readonly response: SipResponse }
  /** No final response: timer B, or 64 T1 after a CANCEL. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'transport-error'; readonly error: Error }
  /** BYE of the peer, or its CANCEL for a session that came in. Our 200 was sent. */
  | { readonly kind: 'remote-hangup'; readonly request: SipRequest }
  /** Our own `hangUp` is confirmed by the peer, or 64 T1 have passed. */
  | { readonly kind: 'local-hangup' }
  /** The dialog is gone: 408 or 481 to a request in it, or no ACK within 64 T1 (BYE was sent). */
  | { readonly kind: 'broken'; readonly status: number }
  /** Its time ran out: the peer did not refresh it, or did not answer ours (RFC 4028 section 10; BYE was sent). */
  | { readonly kind: 'expired' };

/** A final response that refused an INVITE. */
export type RefusedInvite = Extract<SessionEnd, { readonly kind: 'refused' }>['response'];

/** An offer of the peer within the session (re-INVITE or UPDATE). Exactly one of its methods is to be called. */
export interface RemoteOffer {
  /** Undefined for a re-INVITE without SDP: then `accept` carries our offer. */
  readonly sdp: string | undefined;
  accept(sdp: string): void;
  reject(status: number): void;
}

export interface SessionEvents {
  /** 100: the next hop has our INVITE. */
  trying: [];
  /**
   * 101-199, with SDP where the response carried it: that fork is heard from then on. `another`: it is of a fork that
   * has sent none while one is heard (RFC 3261 section 13.2.2.4).
   */
  progress: [status: number, sdp: string | undefined, fork: 'heard' | 'another'];
  /** The first 2xx; its ACK has left. For a session that came in: our 2xx was acknowledged. */
  answered: [sdp: string];
  /** Without a listener the session itself answers with its last SDP. */
  offer: [offer: RemoteOffer];
  /** The peer's answer, in its ACK, to the offer of ours that accepted a re-INVITE without SDP; or to a refresh, changed. */
  renegotiated: [sdp: string];
  /** INFO or MESSAGE within the session. Without a listener it gets 200. */
  message: [message: PeerMessage];
  /** The end, begun by either side. Nothing follows it. Never emitted within a call of `hangUp` or `reject`. */
  ended: [end: SessionEnd];
}

export type SessionListener = Listeners<SessionEvents>;

/** The answer to an offer of ours within the session. */
export type OfferResult =
  { readonly kind: 'accepted'; readonly sdp: string } | { readonly kind: 'refused'; readonly status: number };

export interface HangUpOptions {
  /** For the CANCEL, the BYE or the final response, e.g. Reason (RFC 3326). */
  readonly headers?: ExtraHeaders;
  /** The final response for an INVITE that came in and still rings; 480 where nothing is said. */
  readonly status?: number;
}

/** One INVITE usage, from either side (RFC 3261 sections 13, 14, 15). */
export interface Session {
  readonly callId: string;
  /** The peer's last SDP. */
  readonly remoteSdp: string | undefined;
  listen(listener: SessionListener): unknown;
  unlisten(listener: SessionListener): unknown;
  on<Name extends keyof SessionEvents>(name: Name, listener: (...args: SessionEvents[Name]) => void): unknown;
  /**
   * Offers new SDP by re-INVITE. Offers of one session are taken one after the other; glare (491) is retried after
   * the back-off of RFC 3261 section 14.1. Resolves also when the session ends meanwhile (`refused`, 481).
   */
  offer(sdp: string): Promise<OfferResult>;
  /** Sends INFO or MESSAGE. @returns the final response's status; 408, 481 or 503 as made by us where none came */
  send(message: SessionMessage): Promise<number>;
  /**
   * Ends the session in whatever state it is: CANCEL before the answer (BYE if a 2xx crosses), BYE after it,
   * a final response for an INVITE that came in. Idempotent. `ended` follows in any case within 64 T1, counted
   * anew where a 2xx crosses the CANCEL.
   */
  hangUp(options?: HangUpOptions): void;
}

/** An INVITE of ours. */
export interface InvitingSession extends Session {
  /** Sends the INVITE: in this turn unless a name has to be resolved first. To be called once, when listeners are there. */
  start(): void;
}

/** An INVITE that came in. Exactly one of accept, reject or hangUp ends its ringing. */
export interface IncomingSession extends Session {
  readonly request: SipRequest;
  /** 180, or 183 with SDP for early media. */
  progress(status: number, sdp?: string): void;
  accept(sdp: string): void;
  reject(status: number, headers?: ExtraHeaders): void;
}
