import type { Hop } from '../transport/transport.ts';

/** A phone that registered for an account (RFC 3261 section 10). */
export interface Binding {
  readonly account: string;
  /** The URI of its Contact: the Request-URI for its calls. */
  readonly contact: string;
  /** Where to send them when there is no path: behind a NAT the address that the REGISTER came from. */
  readonly flow: Hop;
  /** Route values, first hop first (RFC 3327). */
  readonly path: readonly string[];
  /** 0 to 1. */
  readonly q: number;
  /** Milliseconds since the Unix epoch. */
  readonly registeredAt: number;
  readonly expiresAt: number;
  readonly callId: string;
  readonly cseq: number;
  readonly userAgent: string | undefined;
}

/** PORT: who is registered where. */
export interface BindingStore {
  /** All bindings of an account; some may have expired. */
  find(account: string): Promise<readonly Binding[]>;
  /** Where all phones registered from that are registered at that time, as `Binding.flow` has it. */
  flows(now: number): Promise<readonly Hop[]>;
  /**
   * Replaces the bindings of an account by what `change` makes of them, atomically: no other update of that account
   * comes between. Where `change` throws, nothing is changed and the promise rejects with what it threw.
   */
  update(account: string, change: (current: readonly Binding[]) => readonly Binding[]): Promise<void>;
}
