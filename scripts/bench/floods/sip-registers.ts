import { type FloodOptions, type FloodSource, startUdpFlood, type StopFlood, strangersRequest } from './udp-flood.ts';

const FORGED_NONCE = '0mfr2abcdeAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA';

const credentials = (count: number, nonce: string): string[] => [
  `Authorization: Digest username="phone${count % 1000}", realm="offhook", nonce="${nonce}", uri="sip:127.0.0.1", ` +
    'response="00000000000000000000000000000000", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001',
];

/** By turns: none, with a nonce that was never given, and wrong ones with the nonce of the last challenge. */
const credentialsOf = (count: number, { latest }: FloodSource): string[] => {
  if (count % 4 < 2) return [];
  const nonce = /nonce="([^"]+)"/.exec(latest)?.[1];
  return credentials(count, count % 4 === 2 || nonce === undefined ? FORGED_NONCE : nonce);
};

/** REGISTERs of strangers over UDP, without credentials and with wrong ones. */
export const start = (port: number, options?: FloodOptions): StopFlood =>
  startUdpFlood(
    port,
    (count, source) => strangersRequest('REGISTER', count, source, credentialsOf(count, source)),
    options,
  );
