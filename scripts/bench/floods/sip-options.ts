import { type FloodOptions, startUdpFlood, type StopFlood, strangersRequest } from './udp-flood.ts';

/** OPTIONS of strangers over UDP, each a new one. */
export const start = (port: number, options?: FloodOptions): StopFlood =>
  startUdpFlood(port, (count, source) => strangersRequest('OPTIONS', count, source), options);
