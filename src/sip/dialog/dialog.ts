import { SipHeaders } from '../message/headers.ts';
import { type SipMessage, SipRequest, type SipResponse } from '../message/message.ts';
import { splitList } from '../message/via.ts';
import type { Hop } from '../transport/transport.ts';
import { isSipUri, isStrictRouter, uriOf } from './route.ts';

/** Everything a dialog needs to go on after a restart; plain JSON. */
export interface DialogSnapshot {
  readonly state: 'early' | 'confirmed';
  /** Who sent the INVITE and owns the Call-ID: us (`uac`) or the peer. */
  readonly role: 'uac' | 'uas';
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Our From or To as it is sent in the dialog, tag included. */
  readonly local: string;
  readonly remote: string;
  readonly localCSeq: number;
  readonly remoteCSeq: number | undefined;
  readonly remoteTarget: string;
  /** Route values, first hop first. */
  readonly routeSet: readonly string[];
  /** Where the INVITE went to or came from. */
  readonly peer: Hop;
}

/** What a response does not tell of the INVITE that it answers. */
export interface DialogOrigin {
  /** Its Request-URI: the remote target where the response has no Contact. */
  readonly target: string;
  readonly peer: Hop;
}

/** The state that two user agents share (RFC 3261 section 12). */
export class Dialog {
  readonly #fixed: DialogSnapshot;
  #state: DialogSnapshot['state'];
  #localCSeq: number;
  #remoteCSeq: number | undefined;
  #remoteTarget: string;
  #routeSet: readonly string[];
  /** Where requests in the dialog go, once that was found out; undefined again whenever target or route change. */
  nextHop: Hop | undefined;

  private constructor(snapshot: DialogSnapshot) {
    this.#fixed = snapshot;
    this.#state = snapshot.state;
    this.#localCSeq = snapshot.localCSeq;
    this.#remoteCSeq = snapshot.remoteCSeq;
    this.#remoteTarget = snapshot.remoteTarget;
    this.#routeSet = snapshot.routeSet;
  }

  /** The dialog that a 101-299 with a To tag creates at the caller (section 12.1.2). */
  static ofResponse(response: SipResponse, origin: DialogOrigin): Dialog {
    return new Dialog({
      state: response.status < 200 ? 'early' : 'confirmed',
      role: 'uac',
      callId: response.callId,
      localTag: response.from.tag ?? '',
      remoteTag: response.to.tag ?? '',
      local: response.headers.get('from') ?? '',
      remote: response.headers.get('to') ?? '',
      localCSeq: response.cseq.sequence,
      remoteCSeq: undefined,
      remoteTarget: contactUri(response) ?? origin.target,
      routeSet: recordRoute(response).reverse(),
      peer: origin.peer,
    });
  }

  /** The early dialog of an INVITE that came in (section 12.1.1). */
  static ofRequest(invite: SipRequest, localTag: string, peer: Hop): Dialog {
    return new Dialog({
      state: 'early',
      role: 'uas',
      callId: invite.callId,
      localTag,
      remoteTag: invite.from.tag ?? '',
      local: `${invite.headers.get('to') ?? ''};tag=${localTag}`,
      remote: invite.headers.get('from') ?? '',
      localCSeq: 0,
      remoteCSeq: invite.cseq.sequence,
      remoteTarget: contactUri(invite) ?? uriOf(invite.headers.get('from') ?? ''),
      routeSet: recordRoute(invite),
      peer,
    });
  }

  static fromJSON(snapshot: DialogSnapshot): Dialog {
    return new Dialog(snapshot);
  }

  toJSON(): DialogSnapshot {
    return {
      ...this.#fixed,
      state: this.#state,
      localCSeq: this.#localCSeq,
      remoteCSeq: this.#remoteCSeq,
      remoteTarget: this.#remoteTarget,
      routeSet: this.#routeSet,
    };
  }

  get state(): DialogSnapshot['state'] {
    return this.#state;
  }

  get role(): DialogSnapshot['role'] {
    return this.#fixed.role;
  }

  get callId(): string {
    return this.#fixed.callId;
  }

  get localTag(): string {
    return this.#fixed.localTag;
  }

  get remoteTag(): string {
    return this.#fixed.remoteTag;
  }

  /** Where the INVITE went to or came from. */
  get peer(): Hop {
    return this.#fixed.peer;
  }

  /** The URI that decides where requests in the dialog go: the first route, else the remote target. */
  get nextHopUri(): string {
    const first = this.#routeSet[0];
    return first === undefined ? this.#remoteTarget : uriOf(first);
  }

  get isRouted(): boolean {
    return this.#routeSet.length > 0;
  }

  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  /** Whether a request that came in belongs here (section 12.2.2); its To tag is known to be ours. */
  matches(request: SipRequest): boolean {
    return request.callId === this.callId && (request.from.tag ?? '') === this.remoteTag;
  }

  /** Answered: a caller's route set is set anew from the 2xx (section 13.2.2.4). */
  confirm(response?: SipResponse): void {
    this.#state = 'confirmed';
    if (response === undefined) return;
    this.#routeSet = recordRoute(response).reverse();
    this.nextHop = undefined;
    this.refreshTarget(response);
  }

  /** Takes the Contact of an INVITE or UPDATE, or of its 2xx, as the new remote target (section 12.2). */
  refreshTarget(message: SipMessage): void {
    const target = contactUri(message);
    if (target === undefined || target === this.#remoteTarget) return;
    this.#remoteTarget = target;
    this.nextHop = undefined;
  }

  /** @returns false for a request out of order: 500 (section 12.2.2) */
  takeRemoteCSeq(number: number): boolean {
    if (this.#remoteCSeq !== undefined && number <= this.#remoteCSeq) return false;
    this.#remoteCSeq = number;
    return true;
  }

  /** Raises our CSeq, e.g. past numbers that may have been used before a restart. */
  skipLocalCSeq(count: number): void {
    this.#localCSeq += count;
  }

  /** A request within the dialog with the next CSeq (section 12.2.1.1), without Via and Contact. */
  createRequest(method: string): SipRequest {
    return this.#build(method, this.takeLocalCSeq());
  }

  takeLocalCSeq(): number {
    this.#localCSeq += 1;
    return this.#localCSeq;
  }

  /** The ACK of a 2xx to the INVITE of that CSeq (section 13.2.2.4). */
  createAck(inviteCSeq: number): SipRequest {
    return this.#build('ACK', inviteCSeq);
  }

  #build(method: string, cseq: number): SipRequest {
    const headers = new SipHeaders()
      .append('max-forwards', '70')
      .append('from', this.#fixed.local)
      .append('to', this.#fixed.remote)
      .append('call-id', this.callId)
      .append('cseq', `${cseq} ${method}`);
    const [first, ...rest] = this.#routeSet;
    if (first === undefined) return new SipRequest(method, this.#remoteTarget, headers);
    if (!isStrictRouter(first)) {
      for (const route of this.#routeSet) headers.append('route', route);
      return new SipRequest(method, this.#remoteTarget, headers);
    }
    for (const route of rest) headers.append('route', route);
    headers.append('route', `<${this.#remoteTarget}>`);
    return new SipRequest(method, uriOf(first), headers);
  }
}

const contactUri = (message: SipMessage): string | undefined => {
  const contact = message.headers.get('contact');
  if (contact === undefined) return undefined;
  const uri = uriOf(splitList(contact)[0] ?? '');
  return isSipUri(uri) ? uri : undefined;
};

const recordRoute = (message: SipMessage): string[] => {
  if (!message.headers.has('record-route')) return [];
  const routes = message.headers.all('record-route').flatMap((field) => splitList(field));
  return routes.filter((route) => isSipUri(uriOf(route)));
};
