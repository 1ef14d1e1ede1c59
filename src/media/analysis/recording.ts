/** The packets that came to a port, in the order of their arrival; one entry each in every array. */
export interface HeardPackets {
  /** Milliseconds on the clock of the recording. */
  readonly arrivedMs: Float64Array;
  readonly sequence: Uint16Array;
  readonly timestamp: Uint32Array;
  readonly ssrc: Uint32Array;
  readonly payloadType: Uint8Array;
  /** Where its payload ends in `payload`; it begins where the one before it ends. */
  readonly end: Uint32Array;
  readonly payload: Uint8Array;
}

/** All that a test phone keeps of a call. Its arrays are handed from thread to thread, not copied. */
export interface Recording {
  /** When the call was answered; what came before is early media. */
  readonly answeredMs: number;
  readonly endedMs: number;
  readonly heard: HeardPackets;
  /** What was sent from `sentFromMs` on, as PCMU of 20 ms a frame. */
  readonly sent: Uint8Array;
  readonly sentFromMs: number;
}
