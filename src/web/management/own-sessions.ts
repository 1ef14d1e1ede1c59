import type { SessionData } from 'express-session';
import type { Authorization } from '../../oauth/authorization.ts';
import type { Session, SessionStore } from '../../oauth/model/account-stores.ts';
import { type Actor, auditedActor } from '../../oauth/model/audit-log.ts';
import { UnknownAccountError } from '../../oauth/model/errors.ts';
import type { WallClock } from '../../shared/clock.ts';
import { IDLE_MILLISECONDS, isOutlived } from '../login/session-table.ts';

/** A session, as its user sees it. */
export interface OwnSession {
  /** Its hash: it opens nothing. */
  readonly id: string;
  readonly browser: string;
  readonly address: string | null;
  /** null for one from before we noted it. */
  readonly since: number | null;
  readonly lastSeenAt: number;
}

/** The sessions of a user. What is ended here is over at once. */
export interface OwnSessions {
  /** The one that was used last first. */
  list(person: Actor): Promise<readonly OwnSession[]>;
  /**
   * Ends one.
   * @throws UnknownAccountError when the user has none of that id
   */
  end(person: Actor, id: string): Promise<void>;
  /** Ends all but one. */
  endOthers(person: Actor, currentId: string): Promise<void>;
}

/** The first that is found: each later one is also in the text of most earlier ones. */
const browsers: readonly (readonly [RegExp, string])[] = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrom(?:e|ium)\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/^curl\//, 'curl'],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux|X11/, 'Linux'],
];

const nameIn = (text: string, names: readonly (readonly [RegExp, string])[]): string | undefined =>
  names.find(([pattern]) => pattern.test(text))?.[1];

/** What users call the browser of a `User-Agent`, as far as it can be told: "Firefox on Linux". */
export const browserName = (userAgent: string | null): string => {
  const browser = nameIn(userAgent ?? '', browsers) ?? 'Unknown program';
  const system = nameIn(userAgent ?? '', systems);
  return system === undefined ? browser : `${browser} on ${system}`;
};

const toOwnSession = ({ hash, data, expiresAt }: Session): OwnSession => {
  const { login } = JSON.parse(data) as SessionData;
  return {
    id: hash,
    browser: browserName(login?.userAgent ?? null),
    address: login?.address ?? null,
    since: login?.at ?? null,
    lastSeenAt: expiresAt - IDLE_MILLISECONDS,
  };
};

export const createOwnSessions = (deps: {
  readonly sessions: SessionStore;
  readonly auditLog: Authorization['auditLog'];
  readonly clock: WallClock;
}): OwnSessions => {
  const { sessions, auditLog, clock } = deps;
  const list = async ({ user }: Actor): Promise<readonly OwnSession[]> => {
    const now = clock.now();
    const unexpired = await sessions.listOf(user.id, now);
    return unexpired.filter(({ data }) => !isOutlived(JSON.parse(data) as SessionData, now)).map(toOwnSession);
  };

  return {
    list,

    end: async (person, id) => {
      const session = (await list(person)).find((own) => own.id === id);
      if (session === undefined) throw new UnknownAccountError('You have no such session.');
      await sessions.delete(id);
      auditLog.record('session.ended', { ...auditedActor(person), detail: session.browser });
    },

    endOthers: async (person, currentId) => {
      await sessions.deleteOthers(person.user.id, currentId);
      auditLog.record('session.ended', { ...auditedActor(person), detail: 'all others' });
    },
  };
};
