import type { Binding, BindingStore } from '../../../src/sip/registrar/binding-store.ts';

/** Bindings in memory, for tests of the registrar. */
export class MemoryBindingStore implements BindingStore {
  readonly #bindings = new Map<string, readonly Binding[]>();

  find(account: string): Promise<readonly Binding[]> {
    return Promise.resolve(this.#bindings.get(account) ?? []);
  }

  flows(now: number) {
    const all = [...this.#bindings.values()].flat();
    return Promise.resolve(all.filter(({ expiresAt }) => expiresAt > now).map(({ flow }) => flow));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what `change` throws has to reject
  async update(account: string, change: (current: readonly Binding[]) => readonly Binding[]): Promise<void> {
    const next = change(this.#bindings.get(account) ?? []);
    if (next.length === 0) this.#bindings.delete(account);
    else this.#bindings.set(account, next);
  }
}
