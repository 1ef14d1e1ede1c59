/** PORT: the nodes that serve, or did. */
export interface NodeStore {
  /** Enters a node that begins to serve. @param at - milliseconds since the epoch */
  begin(nodeId: string, at: number): Promise<void>;
  /** Notes that a node lives. */
  beat(nodeId: string, at: number): Promise<void>;
  /** Forgets the other nodes. Only for a node that knows them to be dead, and has taken their calls. */
  forgetOthers(nodeId: string): Promise<void>;
}
