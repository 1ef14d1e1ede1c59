import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Who is told how a connection stands: the keeper of all of them. */
export interface ConnectionWatch {
  /** A request has begun: its headers are here. */
  began(connection: Connection): void;
  /** A request has its reply, or will never have one. */
  answered(connection: Connection): void;
  /** A body is awaited, or not any more. */
  receiving(connection: Connection, body: 'awaited' | 'whole'): void;
  /** More was sent before the reply: it is read on by `advance`, in a later turn of the event loop. */
  ahead(connection: Connection, bytes: 'held' | 'readable' | 'read'): void;
  /** The reply that is under way will last. */
  lasts(connection: Connection): void;
  closed(connection: Connection): void;
}

const replies = new WeakMap<ServerResponse, Connection>();

/**
 * Says of a reply that it lasts: one that waits for what will happen, or tells of it for hours. From now on it is neither
 * counted among the requests that are being answered, nor ended because it is not read: its route bounds both.
 */
export const letLast = (response: ServerResponse): void => replies.get(response)?.last();

const HEADERS_END = Buffer.from('\r\n\r\n');
/** So much is parsed at once where requests follow each other: as many of the shortest, which Node refuses nobody, as 10. */
const PIECE_BYTES = 256;

/** Where to cut: after the headers of one request, where those of another one follow in the same bytes. */
const pieceLength = (bytes: Buffer): number => {
  const end = bytes.indexOf(HEADERS_END, PIECE_BYTES);
  if (end === -1) return bytes.length;
  const next = end + HEADERS_END.length;
  return bytes.indexOf(HEADERS_END, next) === -1 ? bytes.length : next;
};

/**
 * A connection of a client, which has one request under way at a time. Node parses whatever it has read at once, 2,500 requests
 * of a chunk of 64 kB, and starts them all. So the bytes pass here first: what follows a request waits, unparsed, for its
 * reply, and meanwhile nothing more is read. That costs 4 microseconds a read.
 */
export class Connection {
  readonly socket: Socket;
  readonly #watch: ConnectionWatch;
  /** Node's own reader of the socket. */
  readonly #parse: ((bytes: Buffer) => void) | undefined;
  #held: Buffer | undefined;
  #unanswered = 0;
  #newest: IncomingMessage | undefined;
  #body: 'awaited' | 'whole' = 'whole';
  #state: 'open' | 'closed' = 'open';
  /** Of the body that is awaited, and of all before it. */
  received = 0;

  /** @param socket - that the server has begun to listen to */
  constructor(socket: Socket, watch: ConnectionWatch) {
    this.socket = socket;
    this.#watch = watch;
    const [parse, ...others] = socket.listeners('data');
    socket.on('close', this.#close);
    if (parse === undefined || others.length > 0) return;
    this.#parse = parse as (bytes: Buffer) => void;
    socket.off('data', this.#parse);
    socket.on('data', this.#receive);
    // Node resumes the socket after each reply, to drop a body that was not read.
    socket.on('resume', () => {
      if (this.#held !== undefined) socket.pause();
    });
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  /** Whether something was sent that waits for the reply before it. */
  get isAhead(): boolean {
    return this.#held !== undefined;
  }

  /** Counts a request until its response is closed. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#unanswered += 1;
    this.#newest = request;
    response.on('close', this.#answered);
    replies.set(response, this);
    this.#watch.began(this);
  }

  /** See `letLast`. */
  last(): void {
    if (this.#state === 'open') this.#watch.lasts(this);
  }

  /** Parses what was held up to the next request, if the one before has its reply. */
  advance(): void {
    if (this.#held === undefined || this.#state === 'closed') return;
    while (this.#held !== undefined && this.#mayParse()) {
      const bytes: Buffer = this.#held;
      const length = pieceLength(bytes);
      this.#held = length === bytes.length ? undefined : bytes.subarray(length);
      this.#feed(length === bytes.length ? bytes : bytes.subarray(0, length));
      if (this.#body === 'whole') break;
    }
    if (this.#held === undefined) {
      this.#watch.ahead(this, 'read');
      this.socket.resume();
    } else if (this.#mayParse()) this.#watch.ahead(this, 'readable');
  }

  /** Ends the connection, with some last words where no reply has begun. */
  end(words?: Buffer): void {
    const { socket } = this;
    if (words !== undefined && this.#unanswered <= 1 && socket.writable && socket.writableLength === 0) {
      socket.write(words);
    }
    socket.destroy();
  }

  readonly #receive = (chunk: Buffer): void => {
    if (this.#held !== undefined) {
      this.#held = Buffer.concat([this.#held, chunk]);
      this.socket.pause();
    } else if (this.#mayParse() && pieceLength(chunk) === chunk.length) this.#feed(chunk);
    else {
      this.#held = chunk;
      this.socket.pause();
      this.#watch.ahead(this, 'held');
      if (this.#state === 'open') this.advance();
    }
  };

  /** With one request at a time, Node never stops its parser because replies pile up: bytes would then be lost. */
  #mayParse(): boolean {
    const isNext = this.#unanswered === 0 || (this.#unanswered === 1 && this.#body === 'awaited');
    return isNext && this.socket.writable && !this.socket.writableNeedDrain;
  }

  #feed(bytes: Buffer): void {
    this.received += bytes.length;
    this.#parse?.(bytes);
    this.#noteBody();
  }

  /** A reply that came before the body was whole, such as a refusal, waits for nothing more of it. */
  #noteBody(): void {
    const body = this.#unanswered === 0 || this.#newest?.complete !== false ? 'whole' : 'awaited';
    if (body === this.#body || this.#state === 'closed') return;
    this.#body = body;
    this.received = 0;
    this.#watch.receiving(this, body);
  }

  readonly #answered = (): void => {
    if (this.#state === 'closed') return;
    this.#unanswered -= 1;
    this.#noteBody();
    this.#watch.answered(this);
    if (this.#held !== undefined && this.#mayParse()) this.#watch.ahead(this, 'readable');
  };

  readonly #close = (): void => {
    this.#state = 'closed';
    this.#held = undefined;
    this.#watch.closed(this);
  };
}
