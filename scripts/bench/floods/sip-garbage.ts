import { type FloodOptions, type FloodSource, startUdpFlood, type StopFlood, strangersRequest } from './udp-flood.ts';

/** A response that nobody waits for. */
const strayResponse = (count: number, { address, port }: FloodSource): Buffer =>
  Buffer.from(
    [
      'SIP/2.0 200 OK',
      `Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK${String(count).padStart(16, '0')};rport`,
      'From: <sip:offhook@127.0.0.1>;tag=a1',
      `To: <sip:100@${address}>;tag=b${count}`,
      `Call-ID: stray-${count}`,
      'CSeq: 1 INVITE',
      `Contact: <sip:100@${address}:${port}>`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );

const garbage: readonly ((count: number, source: FloodSource) => Buffer)[] = [
  (count) => Buffer.alloc(400, count),
  (count) => Buffer.from(`${'GET / HTTP/1.1\r\nHost: a\r\n'.repeat(10)}${count}\r\n\r\n`),
  (count, source) => Buffer.from(strangersRequest('OPTIONS', count, source).toString().replace('CSeq: 1', 'CSeq: x')),
  (count, source) =>
    Buffer.from(strangersRequest('BYE', count, source).toString().replace('To: <sip:100@127.0.0.1>', '$&;tag=none')),
  strayResponse,
];

/** Noise, another protocol, malformed requests, requests in dialogs that do not exist and stray responses, over UDP. */
export const start = (port: number, options?: FloodOptions): StopFlood =>
  startUdpFlood(port, (count, source) => (garbage[count % garbage.length] ?? strayResponse)(count, source), options);
