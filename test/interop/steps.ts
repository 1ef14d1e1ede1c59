/*
 * A sipp scenario as a list of steps, told from sipp's side: what it waits for and what it sends. sipp fails a call in
 * which anything else arrives, or in which what it waits for does not.
 */

/** One element of a sipp scenario. */
export type Step = string;

const message = (lines: readonly (string | undefined)[]): string =>
  `<![CDATA[\n${lines.filter((line) => line !== undefined).join('\n')}\n]]>`;

const CONTACT = 'Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>';
const NO_BODY = ['Content-Length: 0', '', ''];

/** What a side says of its media besides. */
export interface SdpChanges {
  /** PCMU by default. */
  readonly payloadType?: 0 | 8;
  /** Where it wants to hear, where that is not its own port. */
  readonly mediaPort?: string | undefined;
}

/** SDP of sipp's side. A side whose media moves shows another port and a new version of its session. */
const sdp = ({
  movedBy = 0,
  direction = 'sendrecv',
  payloadType = 0,
  mediaPort = `[media_port${movedBy === 0 ? '' : `+${movedBy}`}]`,
}: SdpChanges & { readonly movedBy?: number; readonly direction?: string } = {}) => [
  'Content-Type: application/sdp',
  'Content-Length: [len]',
  '',
  'v=0',
  `o=sipp 1 ${1 + movedBy} IN IP[local_ip_type] [local_ip]`,
  's=-',
  'c=IN IP[media_ip_type] [media_ip]',
  't=0 0',
  `m=audio ${mediaPort} RTP/AVP ${payloadType} 101`,
  `a=rtpmap:${payloadType} ${payloadType === 0 ? 'PCMU' : 'PCMA'}/8000`,
  'a=rtpmap:101 telephone-event/8000',
  `a=${direction}`,
];

const remember = (header: string, variable: string): string =>
  `<ereg regexp=".*" search_in="hdr" header="${header}:" assign_to="${variable}" />`;

/** An INVITE comes, the first or another in the dialog. What its replies need is kept, also past other requests. */
export const isInvited: Step = `<recv request="INVITE" rrs="true"><action>
  ${remember('From', 'peer')}${remember('Via', 'via')}${remember('CSeq', 'cseq')}
  <ereg regexp="[^&gt;]*&gt;" search_in="hdr" header="To:" assign_to="self" />
</action></recv>`;

/** The reply to the last INVITE. `tag` makes another dialog of it. */
const inviteReply = (status: string, body: readonly string[], { tag = '[pid]t[call_number]' } = {}): string =>
  message([
    `SIP/2.0 ${status}`,
    'Via:[$via]',
    'From:[$peer]',
    `To:[$self];tag=${tag}`,
    '[last_Call-ID:]',
    'CSeq:[$cseq]',
    ...body,
  ]);

const reliably = (text: string): Step => `<send retrans="500">${text}</send>`;
const once = (text: string): Step => `<send>${text}</send>`;

/** 200 to what came last. */
const okToLast = (fields: readonly string[] = NO_BODY): Step =>
  once(
    message([
      'SIP/2.0 200 OK',
      '[last_Via:]',
      '[last_From:]',
      '[last_To:]',
      '[last_Call-ID:]',
      '[last_CSeq:]',
      ...fields,
    ]),
  );

/** A request of sipp's own inside the dialog. */
const request = (
  method: string,
  { cseq = 1, body = NO_BODY }: { cseq?: number; body?: readonly string[] } = {},
): Step =>
  message([
    `${method} [next_url] SIP/2.0`,
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]',
    '[routes]',
    'From:[$self];tag=[pid]t[call_number]',
    'To:[$peer]',
    '[last_Call-ID:]',
    `CSeq: ${cseq} ${method}`,
    method === 'INVITE' ? CONTACT : undefined,
    'Max-Forwards: 70',
    ...body,
  ]);

export const pause = (milliseconds: number): Step => `<pause milliseconds="${milliseconds}" />`;

export const isAcknowledged: Step = '<recv request="ACK" />';

export const rings: Step = once(inviteReply('180 Ringing', [CONTACT, ...NO_BODY]));
export const sendsEarlyMedia: Step = once(inviteReply('183 Session Progress', [CONTACT, ...sdp()]));

/** 200 with SDP, until it is acknowledged. */
export const answers: Step = reliably(inviteReply('200 OK', [CONTACT, ...sdp()]));
export const answersWith = (changes: SdpChanges): Step => reliably(inviteReply('200 OK', [CONTACT, ...sdp(changes)]));
export const answersElsewhere: Step = reliably(inviteReply('200 OK', [CONTACT, ...sdp({ movedBy: 4 })]));
/** The same 200, sent once; the timer of RFC 3261 section 13.3.1.4 is left to the scenario. */
export const answersOnce: Step = once(inviteReply('200 OK', [CONTACT, ...sdp()]));
/** A second phone behind a fork answers too. */
export const answersFromFork: Step = once(inviteReply('200 OK', [CONTACT, ...sdp()], { tag: 'fork[call_number]' }));

/** 183 with SDP that is to be acknowledged (RFC 3262), and its PRACK. */
export const sendsReliably: Step[] = [
  reliably(inviteReply('183 Session Progress', [CONTACT, 'Require: 100rel', 'RSeq: 77', ...sdp()])),
  `<recv request="PRACK"><action>
    <ereg regexp="77 1 INVITE" search_in="hdr" header="RAck:" check_it="true" assign_to="rack" />
  </action></recv>`,
  okToLast(),
  '<Reference variables="rack" />',
];

/** 200 with SDP and the terms of a session (RFC 4028). */
export const answersFor = (terms: readonly string[]): Step =>
  reliably(inviteReply('200 OK', [CONTACT, ...terms, ...sdp()]));

/** The INVITE comes again, for a session as long as that. */
export const isInvitedFor = (seconds: number): Step[] => [
  `<recv request="INVITE" rrs="true"><action>
    ${remember('From', 'peer')}${remember('Via', 'via')}${remember('CSeq', 'cseq')}
    <ereg regexp="${seconds}" search_in="hdr" header="Session-Expires:" check_it="true" assign_to="expires" />
    <ereg regexp="[^&gt;]*&gt;" search_in="hdr" header="To:" assign_to="self" />
  </action></recv>`,
  '<Reference variables="expires" />',
];

/** The session is refreshed by UPDATE, at its time. */
export const isUpdated = (terms: readonly string[]): Step[] => [
  '<recv request="UPDATE" timeout="60000" />',
  okToLast([CONTACT, ...terms, ...NO_BODY]),
];

/** An UPDATE of sipp's own: with an offer, or only to refresh the session. */
export const updates = (
  cseq: number,
  { offers, terms = [] }: { offers: 'media' | 'nothing'; terms?: string[] },
): Step[] => [
  reliably(
    request('UPDATE', { cseq, body: [CONTACT, ...terms, ...(offers === 'media' ? sdp({ movedBy: 6 }) : NO_BODY)] }),
  ),
  '<recv response="200" />',
];

/** A final refusal, and its ACK. */
export const refuses = (status: string, headers: readonly string[] = []): Step[] => [
  reliably(inviteReply(status, [...headers, ...NO_BODY])),
  isAcknowledged,
];

/** CANCEL comes and is confirmed; the INVITE is still open. */
export const isCancelled: Step[] = ['<recv request="CANCEL" />', okToLast()];
export const isTerminated: Step[] = [...isCancelled, ...refuses('487 Request Terminated')];

export const isHungUp: Step[] = ['<recv request="BYE" />', okToLast()];

/** Hangs up; `cseq` where sipp has sent requests before. */
export const hangsUpAt = (cseq: number): Step[] => [reliably(request('BYE', { cseq })), '<recv response="200" />'];

export const hangsUp: Step[] = hangsUpAt(1);

/** Both hang up at once: a BYE comes, ours leaves before it is answered (RFC 3261 section 15.1.2). */
export const hangsUpAcross: Step[] = [
  `<recv request="BYE"><action>${remember('Via', 'byeVia')}${remember('CSeq', 'byeCseq')}</action></recv>`,
  reliably(request('BYE')),
  '<recv response="481" optional="true" next="answered" />',
  '<recv response="200" />',
  '<label id="answered" />',
  once(
    message([
      'SIP/2.0 200 OK',
      'Via:[$byeVia]',
      'From:[$peer]',
      'To:[$self];tag=[pid]t[call_number]',
      '[last_Call-ID:]',
      'CSeq:[$byeCseq]',
      ...NO_BODY,
    ]),
  ),
  '<Reference variables="byeVia,byeCseq" />',
];

/** An offer of sipp's own: its side is put on hold, and the answer says so (RFC 3264 section 8.4). */
export const holds: Step[] = [
  reliably(request('INVITE', { cseq: 1, body: sdp({ direction: 'sendonly' }) })),
  '<recv response="100" optional="true" />',
  `<recv response="200"><action>
    <ereg regexp="a=recvonly" search_in="body" check_it="true" assign_to="heldAnswer" />
  </action></recv>`,
  once(request('ACK', { cseq: 1 })),
  '<Reference variables="heldAnswer" />',
];

/** The other side's hold comes and is accepted. */
export const isHeld: Step[] = [
  `<recv request="INVITE"><action>
    <ereg regexp="a=sendonly" search_in="body" check_it="true" assign_to="heldOffer" />
    ${remember('Via', 'via')}${remember('CSeq', 'cseq')}
  </action></recv>`,
  reliably(inviteReply('200 OK', [CONTACT, ...sdp({ direction: 'recvonly' })])),
  isAcknowledged,
  '<Reference variables="heldOffer" />',
];

/** Rings and answers the first INVITE. */
export const takesCall: Step[] = [isInvited, rings, answers, isAcknowledged];
/** Takes an offer inside the dialog: what joins the user's phone to the destination. */
export const takesOffer: Step[] = [isInvited, answers, isAcknowledged];

/** Plays captured RTP, for so long. */
export const plays = (file: string, milliseconds: number): Step[] => [
  `<nop><action><exec play_pcap_audio="${file}" /></action></nop>`,
  pause(milliseconds),
];

/** Presses a key by INFO, as gateways do. */
export const pressesByInfo = (key: string, cseq: number): Step[] => [
  reliably(
    request('INFO', {
      cseq,
      body: ['Content-Type: application/dtmf-relay', 'Content-Length: [len]', '', `Signal=${key}`, 'Duration=160'],
    }),
  ),
  '<recv response="200" />',
];

/** The file that sipp reads. */
export const scenarioOf = (steps: readonly Step[]): string =>
  `<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="test">
${steps.join('\n')}
<Reference variables="peer,self,via,cseq" />
</scenario>
`;
