import type { CallRecord } from '../call-record.ts';
import type { EndedBy } from '../call-state.ts';

/** What a node does for others with the calls that it carries. */
export interface CallCarrier {
  /** Ends a call. @returns it once its end is journalled; undefined where it is not carried here */
  stopCarried(tokenCall: string, endedBy: EndedBy): Promise<CallRecord | undefined>;
}

/**
 * PORT: the way from one node to the calls of another. What is asked may get lost on the way: the wish to end a call is
 * journalled before, and its owner finds it in any case.
 */
export interface CallRouter {
  /** From now on `carrier` is asked for the calls of that node. */
  join(nodeId: string, carrier: CallCarrier): void;
  /** The node carries nothing any more. */
  leave(nodeId: string): void;
  /** @returns the call once its end is journalled; undefined where the node cannot be asked, or does not carry it */
  stop(nodeId: string, tokenCall: string, endedBy: EndedBy): Promise<CallRecord | undefined>;
}

/** Between the nodes of one process: one in service, several in tests. */
export class InMemoryCallRouter implements CallRouter {
  readonly #carriers = new Map<string, CallCarrier>();

  join(nodeId: string, carrier: CallCarrier): void {
    this.#carriers.set(nodeId, carrier);
  }

  leave(nodeId: string): void {
    this.#carriers.delete(nodeId);
  }

  async stop(nodeId: string, tokenCall: string, endedBy: EndedBy): Promise<CallRecord | undefined> {
    return this.#carriers.get(nodeId)?.stopCarried(tokenCall, endedBy);
  }
}
