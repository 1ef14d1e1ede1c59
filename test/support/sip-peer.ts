import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

const HOST = '127.0.0.1';
/** T1 and 64 T1 of RFC 3261 section 17.1.1.1. */
const RESEND_MS = 500;
const GIVE_UP_MS = 32_000;

/** What the peer has of a dialog that the service began. */
interface Dialog {
  readonly callId: string;
  /** The number of the call that it belongs to. */
  readonly number: string;
  readonly tag: string;
  /** The headers of the INVITE: of the service's side, and of ours with our tag. */
  readonly from: string;
  readonly to: string;
  readonly target: string;
  readonly service: RemoteInfo;
  /** Sent again until its ACK comes, and to a copy of its INVITE. */
  answer: { readonly sequence: number; readonly text: string; readonly resending: NodeJS.Timeout };
}

interface Hangup {
  readonly resending: NodeJS.Timeout;
  readonly confirmed: () => void;
}

const headersOf = (message: string, name: string): string[] =>
  message.split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));

const valueOf = (message: string, name: string): string =>
  (headersOf(message, name)[0] ?? '').slice(name.length + 1).trim();

const sequenceOf = (message: string): number => Number.parseInt(valueOf(message, 'CSeq'), 10);

/**
 * A phone or a carrier over UDP that takes every call at once, with no code of the service in it. It knows the calls
 * that it carries by their numbers, which a test makes unique: they are in the From of a phone's INVITE and in the
 * address of a carrier's.
 */
export class SipPeer {
  readonly port: number;
  /** The number of every call that it was ever invited to. */
  readonly invited = new Set<string>();
  readonly #signalling: Socket;
  readonly #media: Socket;
  readonly #numberOf: (invite: string) => string;
  readonly #dialogs = new Map<string, Dialog>();
  readonly #hangups = new Map<string, Hangup>();

  private constructor(signalling: Socket, media: Socket, role: 'phone' | 'carrier') {
    this.port = signalling.address().port;
    this.#signalling = signalling;
    this.#media = media;
    const place = role === 'phone' ? /^From:.*?sips?:([^@;>]*)@/im : /^INVITE sips?:([^@;>]*)@/;
    this.#numberOf = (invite) => decodeURIComponent(place.exec(invite)?.[1] ?? '');
    signalling.on('message', (data, from) => this.#receive(data.toString(), from));
  }

  static async open(role: 'phone' | 'carrier'): Promise<SipPeer> {
    const sockets = [createSocket({ type: 'udp4', recvBufferSize: 4_194_304 }), createSocket('udp4')] as const;
    for (const socket of sockets) {
      socket.bind(0, HOST);
      await once(socket, 'listening');
    }
    return new SipPeer(...sockets, role);
  }

  get uri(): string {
    return `sip:${HOST}:${this.port}`;
  }

  /** The numbers of the calls that were taken and have not ended. */
  get carried(): ReadonlySet<string> {
    return new Set([...this.#dialogs.values()].map(({ number }) => number));
  }

  /**
   * Ends a call. Resolves when the service has confirmed the BYE.
   * @throws Error when the call is not carried, or no confirmation comes within 64 T1
   */
  async hangUp(number: string): Promise<void> {
    const dialog = [...this.#dialogs.values()].find((carried) => carried.number === number);
    if (dialog === undefined) throw new Error(`${number} is not carried`);
    this.#end(dialog);
    const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    const bye = [
      `BYE ${dialog.target} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST}:${this.port};branch=${branch}`,
      `From: ${dialog.to}`,
      `To: ${dialog.from}`,
      `Call-ID: ${dialog.callId}`,
      'CSeq: 1 BYE',
      'Max-Forwards: 70',
      'Content-Length: 0',
    ];
    const text = `${bye.join('\r\n')}\r\n\r\n`;
    await new Promise<void>((resolve, reject) => {
      const begun = performance.now();
      const resending = setInterval(() => {
        if (performance.now() - begun < GIVE_UP_MS) this.#send(text, dialog.service);
        else this.#giveUp(dialog.callId, () => reject(new Error(`the BYE of ${number} was not confirmed`)));
      }, RESEND_MS);
      this.#hangups.set(dialog.callId, { resending, confirmed: resolve });
      this.#send(text, dialog.service);
    });
  }

  /** Forgets every call without a word, as a phone that was switched off. */
  forget(): void {
    for (const dialog of [...this.#dialogs.values()]) this.#end(dialog);
    for (const callId of [...this.#hangups.keys()]) this.#giveUp(callId);
  }

  close(): void {
    this.forget();
    this.#signalling.close();
    this.#media.close();
  }

  #receive(message: string, service: RemoteInfo): void {
    const callId = valueOf(message, 'Call-ID');
    if (message.startsWith('SIP/2.0 ')) this.#confirm(callId, message);
    else if (message.startsWith('INVITE ')) this.#invite(callId, message, service);
    else if (message.startsWith('ACK ')) clearInterval(this.#dialogs.get(callId)?.answer.resending);
    else this.#acknowledge(callId, message, service);
  }

  #confirm(callId: string, response: string): void {
    const hangup = this.#hangups.get(callId);
    if (response.startsWith('SIP/2.0 1') || hangup === undefined) return;
    this.#giveUp(callId, hangup.confirmed);
  }

  #giveUp(callId: string, settle?: () => void): void {
    clearInterval(this.#hangups.get(callId)?.resending);
    this.#hangups.delete(callId);
    settle?.();
  }

  #invite(callId: string, invite: string, service: RemoteInfo): void {
    const known = this.#dialogs.get(callId);
    if (known !== undefined && sequenceOf(invite) <= known.answer.sequence) {
      this.#send(known.answer.text, service);
      return;
    }
    const tag = known?.tag ?? randomBytes(8).toString('hex');
    if (known === undefined) this.#send(this.#responseTo(invite, '180 Ringing', tag), service);
    const text = this.#responseTo(invite, '200 OK', tag, this.#sdp());
    clearInterval(known?.answer.resending);
    const resending = setInterval(() => this.#send(text, service), RESEND_MS);
    setTimeout(() => clearInterval(resending), GIVE_UP_MS).unref();
    const answer = { sequence: sequenceOf(invite), text, resending };
    if (known === undefined) this.#dialogs.set(callId, this.#begin({ callId, invite, tag, service, answer }));
    else known.answer = answer;
    this.#send(text, service);
  }

  #begin({
    invite,
    ...begun
  }: Pick<Dialog, 'callId' | 'tag' | 'service' | 'answer'> & { readonly invite: string }): Dialog {
    const number = this.#numberOf(invite);
    this.invited.add(number);
    const to = `${valueOf(invite, 'To')};tag=${begun.tag}`;
    const target = /<([^>]*)>/.exec(valueOf(invite, 'Contact'))?.[1] ?? '';
    return { ...begun, number, from: valueOf(invite, 'From'), to, target };
  }

  /** BYE and CANCEL; anything else is taken note of as well. */
  #acknowledge(callId: string, request: string, service: RemoteInfo): void {
    const dialog = this.#dialogs.get(callId);
    if (request.startsWith('BYE ') && dialog !== undefined) this.#end(dialog);
    this.#send(this.#responseTo(request, '200 OK', dialog?.tag ?? 'none'), service);
  }

  #end(dialog: Dialog): void {
    clearInterval(dialog.answer.resending);
    this.#dialogs.delete(dialog.callId);
  }

  #responseTo(request: string, status: string, tag: string, body = ''): string {
    const to = valueOf(request, 'To');
    const lines = [
      `SIP/2.0 ${status}`,
      ...headersOf(request, 'Via'),
      `From: ${valueOf(request, 'From')}`,
      `To: ${/;tag=/i.test(to) ? to : `${to};tag=${tag}`}`,
      `Call-ID: ${valueOf(request, 'Call-ID')}`,
      `CSeq: ${valueOf(request, 'CSeq')}`,
      `Contact: <sip:peer@${HOST}:${this.port}>`,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    return `${lines.join('\r\n')}\r\n\r\n${body}`;
  }

  #sdp(): string {
    const lines = [
      'v=0',
      `o=peer 1 1 IN IP4 ${HOST}`,
      's=-',
      `c=IN IP4 ${HOST}`,
      't=0 0',
      `m=audio ${this.#media.address().port} RTP/AVP 0 101`,
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=sendrecv',
    ];
    return `${lines.join('\r\n')}\r\n`;
  }

  #send(text: string, { port, address }: RemoteInfo): void {
    this.#signalling.send(text, port, address, () => undefined);
  }
}
