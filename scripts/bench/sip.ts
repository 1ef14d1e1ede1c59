/* Parses and prints a realistic INVITE and tells how many a second of one core's time. */
import type { SipMessage } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { printMessage } from '../../src/sip/message/print.ts';
import { validateRequest } from '../../src/sip/message/validate.ts';

const SDP = `v=0
o=carrier-gw 1761822034 1761822034 IN IP4 203.0.113.40
s=-
c=IN IP4 203.0.113.40
t=0 0
m=audio 17302 RTP/AVP 8 0 18 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
`.replaceAll('\n', '\r\n');

const INVITE = Buffer.from(
  `INVITE sip:+4930123456@198.51.100.20:5060;user=phone SIP/2.0
Record-Route: <sip:203.0.113.7:5060;transport=udp;lr;ftag=gK0c4f1a2b>
Record-Route: <sip:203.0.113.9;r2=on;lr;did=4ac.b2e1>
Via: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK2f1.7c3a9d41000000000000000000000000.0
Via: SIP/2.0/UDP 203.0.113.9:5060;received=203.0.113.9;branch=z9hG4bK2f1.0e52b8c3000000000000000000000000.0
Via: SIP/2.0/UDP 10.20.30.40:5060;rport=5060;received=203.0.113.40;branch=z9hG4bK0cB71c9e2f4ad03b
From: "Berlin Office" <sip:+493055501234@carrier.example.com;user=phone>;tag=gK0c4f1a2b
To: <sip:+4930123456@198.51.100.20;user=phone>
Call-ID: 1744930466_118273645@203.0.113.40
CSeq: 25401 INVITE
Max-Forwards: 67
Contact: "Berlin Office" <sip:+493055501234@203.0.113.40:5060;transport=udp>
Allow: INVITE, ACK, CANCEL, BYE, REGISTER, REFER, INFO, SUBSCRIBE, NOTIFY, PRACK, UPDATE, OPTIONS, MESSAGE
Accept: application/sdp, application/isup, application/dtmf, application/dtmf-relay, multipart/mixed
Supported: timer, 100rel, precondition, replaces
Session-Expires: 1800;refresher=uac
Min-SE: 90
P-Asserted-Identity: "Berlin Office" <sip:+493055501234@carrier.example.com;user=phone>
Privacy: none
User-Agent: Carrier-SBC/9.2.1
Content-Disposition: session;handling=required
Content-Type: application/sdp
Content-Length: ${SDP.length}

`.replaceAll('\n', '\r\n') + SDP,
);

const MESSAGE = parseMessage(INVITE);
const WARM_UP_MS = 500;
const RUN_MS = 500;
const RUNS = 7;
/** Between two looks at the clock. */
const BATCH = 500;

/** What no parser can do without: the bytes as text, cut into lines. */
const baseline = (): number => INVITE.toString('latin1').split('\r\n').length;

/** The fields that every layer of a user agent asks for. */
const touch = ({ topVia, cseq, from, to, callId }: SipMessage): number =>
  (topVia.branch?.length ?? 0) + cseq.sequence + (from.tag?.length ?? 0) + (to.tag?.length ?? 0) + callId.length;

const validated = (): number => {
  const message = parseMessage(INVITE);
  if (message.kind === 'response' || validateRequest(message) !== undefined) throw new Error('The INVITE is not valid');
  return message.headers.size;
};

const TASKS: readonly (readonly [name: string, task: () => number])[] = [
  ['baseline: decode, split lines', baseline],
  ['parse', () => parseMessage(INVITE).headers.size],
  ['parse and read Via, CSeq, From, To, Call-ID', () => touch(parseMessage(INVITE))],
  ['parse and validate', validated],
  ['print', () => printMessage(MESSAGE).length],
];

/** Keeps the results alive, so that no work is optimised away. */
let sink = 0;

/** By CPU time, its own garbage collection included: what else runs on the machine counts less than by the clock. */
const ratePerSecond = (task: () => number, durationMs: number): number => {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  let count = 0;
  while (performance.now() - start < durationMs) {
    for (let index = 0; index < BATCH; index += 1) sink += task();
    count += BATCH;
  }
  const { user, system } = process.cpuUsage(cpuStart);
  return (count * 1_000_000) / (user + system);
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

// Rounds go over all tasks in turn, so that a busy moment of the machine does not hit one of them alone.
for (const [, task] of TASKS) ratePerSecond(task, WARM_UP_MS);
const rounds = Array.from({ length: RUNS }, () => TASKS.map(([, task]) => ratePerSecond(task, RUN_MS)));
const medians = TASKS.map((_, index) => median(rounds.map((rates) => rates[index] ?? 0)));

console.log(
  `INVITE of ${INVITE.length} bytes, Node ${process.version}, median of ${RUNS} runs, per second of CPU time\n`,
);
console.log(`${'task'.padEnd(46)}${'messages/s'.padStart(12)}${'to baseline'.padStart(14)}`);
TASKS.forEach(([name], index) => {
  const rate = medians[index] ?? 0;
  const ratio = rate / (medians[0] ?? 1);
  console.log(
    `${name.padEnd(46)}${Math.round(rate).toLocaleString('en').padStart(12)}${ratio.toFixed(2).padStart(14)}`,
  );
});
if (sink === 0) throw new Error('Nothing was measured');
