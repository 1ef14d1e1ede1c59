/** What the address in the `type` of a problem says: RFC 9457 section 3.1.1. */
export interface ProblemType {
  /** Short, the same every time. */
  readonly title: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** By `code`. */
export type ProblemTypes = Readonly<Record<string, ProblemType>>;
