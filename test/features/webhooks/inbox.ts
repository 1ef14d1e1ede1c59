import type { ServerResponse } from 'node:http';
import { Webhook as Verifier } from 'standardwebhooks';
import { seededRandom } from '../../support/seeded-random.ts';
import type { Received } from './receiver.ts';

const REFUSED = 0.05;
const LOST = 0.1;

/** A receiver's own table: each message once, by its id, in the order in which it first came. One in ten fails at first. */
export class Inbox {
  /** Messages that the published verifier refuses. */
  readonly forged: string[] = [];
  /** How many messages came that were there already. */
  repeated = 0;
  readonly #verifier: Verifier;
  readonly #ids = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #byCall = new Map<string, string[]>();
  readonly #draw: () => number;

  constructor(secret: string, seed: number) {
    this.#verifier = new Verifier(secret);
    this.#draw = seededRandom(seed);
  }

  /** How many different messages came. */
  get size(): number {
    return this.#ids.size;
  }

  /** Answers a message: some are refused once with 500, some are taken and the reply is lost. */
  readonly take = (received: Received, response: ServerResponse): void => {
    const id = received.headers['webhook-id'] ?? '';
    this.#verify(received, id);
    const drawn = this.#failed.has(id) ? 1 : this.#draw();
    if (drawn < LOST) this.#failed.add(id);
    if (drawn < REFUSED) {
      response.writeHead(500).end();
      return;
    }
    this.#keep(received, id);
    if (drawn < LOST) response.destroy();
    else response.writeHead(204).end();
  };

  /** What a call was told of, by name, repetitions left out. */
  of(tokenCall: string): readonly string[] {
    return this.#byCall.get(tokenCall) ?? [];
  }

  #verify({ headers, body }: Received, id: string): void {
    try {
      this.#verifier.verify(body, headers);
    } catch {
      this.forged.push(id);
    }
  }

  #keep({ tokenCall = '', type }: Received, id: string): void {
    if (this.#ids.has(id)) {
      this.repeated += 1;
      return;
    }
    this.#ids.add(id);
    this.#byCall.set(tokenCall, [...this.of(tokenCall), type]);
  }
}
