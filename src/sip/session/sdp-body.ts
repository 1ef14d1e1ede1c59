import type { SipMessage } from '../message/message.ts';

const SDP = 'application/sdp';

/** The SDP of a message; also as a part of multipart/mixed, as carriers send it beside ISUP (RFC 5621 section 3). */
export const sdpOf = (message: SipMessage): string | undefined => {
  if (message.body.length === 0) return undefined;
  const contentType = message.headers.get('content-type') ?? '';
  const mediaType = mediaTypeOf(contentType);
  if (mediaType === SDP) return message.body.toString('utf8');
  return mediaType === 'multipart/mixed' ? sdpPart(message.body.toString('utf8'), contentType) : undefined;
};

/** Whether an INVITE or UPDATE carries a body in which there is no offer to be found: 415. */
export const hasForeignBody = (message: SipMessage): boolean =>
  message.body.length > 0 && (sdpOf(message) === undefined || isEncoded(message));

const isEncoded = (message: SipMessage): boolean =>
  (message.headers.get('content-encoding') ?? 'identity').toLowerCase() !== 'identity';

export const setSdp = (message: SipMessage, sdp: string): void => {
  message.headers.append('content-type', SDP);
  message.body = Buffer.from(sdp, 'utf8');
};

const mediaTypeOf = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();

const sdpPart = (body: string, contentType: string): string | undefined => {
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  if (boundary === null) return undefined;
  for (const part of body.split(`--${boundary[1] ?? boundary[2] ?? ''}`)) {
    const [head, ...rest] = part.replace(/^\r?\n/, '').split(/\r?\n\r?\n/);
    const type = /^content-type\s*:\s*([^\r\n]*)/im.exec(head ?? '')?.[1] ?? '';
    // The line break before a boundary belongs to it; some leave out the one that ends the SDP.
    if (mediaTypeOf(type) === SDP) return rest.join('\r\n\r\n').replace(/(\r?\n)*$/, '\r\n');
  }
  return undefined;
};
