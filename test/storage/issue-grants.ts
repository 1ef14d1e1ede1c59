import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CodeStore, DeviceGrantStore } from '../../src/oauth/model/grant-stores.ts';
import type { TokenStore } from '../../src/oauth/model/token-stores.ts';
import { aCode, aDeviceGrant, aFamily, answerOf, NOON, tokensOf } from '../contracts/records.ts';

export interface GrantStores {
  readonly tokens: TokenStore;
  readonly codes: CodeStore;
  readonly devices: DeviceGrantStore;
}

interface Issuing {
  /** Begins every name, so that several processes do not meet. */
  readonly prefix: string;
  /** Gets the name of each pair of tokens once its commit is promised. */
  readonly promise: (name: string) => void;
}

/** Issues one family in one of the ways there are. */
type Issue = (name: string) => Promise<void>;

const WORKERS_A_WAY = 4;

const startFrom = (familyId: string, name: string) =>
  ({ action: 'issue', at: NOON, family: aFamily(familyId), tokens: tokensOf(familyId, name) }) as const;

const waysToIssue = ({ tokens, codes, devices }: GrantStores, promise: Issuing['promise']): Record<string, Issue> => ({
  family: async (name) => {
    await tokens.start(aFamily(name), tokensOf(name, name));
    promise(name);
    for (const [used, next] of [
      [name, `${name}-2`],
      [`${name}-2`, `${name}-3`],
    ] as const) {
      const issue = { action: 'issue', at: NOON, tokens: tokensOf(name, next), answer: answerOf(next) } as const;
      await tokens.rotate(`${used}-refresh`, () => issue);
      promise(next);
    }
  },
  code: async (name) => {
    await codes.insert(aCode(name));
    await codes.redeem(name, ({ familyId }) => startFrom(familyId, name));
    promise(name);
  },
  device: async (name) => {
    await devices.insert(aDeviceGrant(name));
    await devices.answer(`${name}-user`, { userId: 'user-1', verdict: 'approved', now: NOON });
    await devices.poll(`${name}-device`, ({ familyId }) => startFrom(familyId, name));
    promise(name);
  },
});

/** Issues and refreshes tokens in every way, several at once and without end. */
export const issueGrants = async (stores: GrantStores, { prefix, promise }: Issuing): Promise<never> => {
  const repeat = async (issue: Issue, name: string): Promise<never> => {
    for (let round = 0; ; round += 1) {
      // Out of step with the others, so that at each moment one is at each step.
      for (let turns = Math.random() * 8; turns > 1; turns -= 1) await nextTurn();
      await issue(`${name}-${round}`);
    }
  };
  const workers = Object.entries(waysToIssue(stores, promise)).flatMap(([way, issue]) =>
    Array.from({ length: WORKERS_A_WAY }, (_, worker) => repeat(issue, `${prefix}-${way}-${worker}`)),
  );
  return Promise.race(workers);
};
