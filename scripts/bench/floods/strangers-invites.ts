import { type FloodOptions, startUdpFlood, type StopFlood, strangersRequest } from './udp-flood.ts';

const SDP = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 4000 RTP/AVP 0 8', ''];

/** INVITEs of strangers over UDP, whose answers get no ACK. */
export const start = (port: number, options?: FloodOptions): StopFlood =>
  startUdpFlood(
    port,
    (count, source) => strangersRequest('INVITE', count, source, ['Content-Type: application/sdp'], SDP.join('\r\n')),
    options,
  );
