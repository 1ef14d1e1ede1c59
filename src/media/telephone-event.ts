import type { RtpPacket } from './rtp-packet.ts';

/** Events 0 to 15 (RFC 4733 section 3.2). */
export const DIGITS = '0123456789*#ABCD';
const EVENT_BYTES = 4;

/** Ten seconds of timestamps. What lies further back was not overtaken: the sender has set its clock anew. */
const LATE_LIMIT = 80_000;

interface SeenEvent {
  readonly ssrc: number;
  readonly timestamp: number;
  readonly code: number;
  readonly duration: number;
  readonly phase: 'going-on' | 'ended';
}

/** Finds the digits in the telephone-event packets of a stream (RFC 4733). */
export class DigitDetector {
  #last: SeenEvent | undefined;

  /** @returns the digit, with the first packet of its event that arrives; undefined with all others */
  accept(packet: RtpPacket): string | undefined {
    const event = readEvent(packet);
    if (event === undefined) return undefined;
    const last = this.#last;
    if (last !== undefined && isLate(event, last)) return undefined;
    this.#last = event;
    if (last !== undefined && isSameEvent(event, last)) return undefined;
    return DIGITS[event.code];
  }
}

const readEvent = ({ payload, ssrc, timestamp }: RtpPacket): SeenEvent | undefined => {
  if (payload.length < EVENT_BYTES) return undefined;
  const [code = 0, flags = 0, high = 0, low = 0] = payload;
  return { ssrc, timestamp, code, duration: (high << 8) | low, phase: flags & 0x80 ? 'ended' : 'going-on' };
};

/** A packet of an earlier event, or an earlier one of this event, overtaken on its way. Timestamps wrap. */
const isLate = (event: SeenEvent, last: SeenEvent): boolean => {
  if (event.ssrc !== last.ssrc) return false;
  const distance = (event.timestamp - last.timestamp) | 0;
  if (distance === 0) return event.duration < last.duration;
  return distance < 0 && distance > -LATE_LIMIT;
};

/** The packets of an event share its timestamp; a very long one goes on in segments (RFC 4733 section 2.5.1.3). */
const isSameEvent = (event: SeenEvent, last: SeenEvent): boolean => {
  if (event.ssrc !== last.ssrc) return false;
  const distance = (event.timestamp - last.timestamp) >>> 0;
  if (distance === 0) return true;
  return last.phase === 'going-on' && event.code === last.code && distance === last.duration;
};
