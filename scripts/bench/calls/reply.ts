export interface Reply {
  readonly status: number;
  /** Of the call, as the Location of a 201 has it. */
  readonly tokenCall: string | undefined;
  /** How long the server keeps the connection while it is idle; undefined when it does not say so. */
  readonly keepAliveMs: number | undefined;
}

const HEAD_END = '\r\n\r\n';
const STATUS_AT = 'HTTP/1.1 '.length;

/** Reads the replies of one connection: of each no more than status, Location and where it ends. */
export class ReplyReader {
  /** The beginning of a reply that came in pieces. */
  #begun: Buffer | undefined;

  /**
   * @param chunk - borrowed: its bytes are others' after this call
   * @returns the reply once it is whole, which nearly always the first chunk is
   */
  read(chunk: Buffer): Reply | undefined {
    const bytes = this.#begun === undefined ? chunk : Buffer.concat([this.#begun, chunk]);
    const headLength = bytes.indexOf(HEAD_END, 0, 'latin1');
    if (headLength !== -1) {
      const head = bytes.toString('latin1', 0, headLength);
      const bodyLength = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (bytes.length >= headLength + HEAD_END.length + bodyLength) {
        this.#begun = undefined;
        return replyOf(head);
      }
    }
    this.#begun = Buffer.from(bytes);
    return undefined;
  }
}

const replyOf = (head: string): Reply => {
  const status = Number(head.slice(STATUS_AT, STATUS_AT + 3));
  const kept = /\r\nkeep-alive: *timeout=(\d+)/i.exec(head)?.[1];
  return {
    status,
    tokenCall: status === 201 ? /\r\nlocation: .*[?&]token_call=([^&\r]+)/i.exec(head)?.[1] : undefined,
    keepAliveMs: kept === undefined ? undefined : Number(kept) * 1000,
  };
};
