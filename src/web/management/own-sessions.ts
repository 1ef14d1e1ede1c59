import type { SessionData } from 'express-session';
import type { Authorization } from '../../oauth/authorization.ts';
import { type Actor, auditedActor } from '../../oauth/model/audit-log.ts';
import { UnknownAccountError } from '../../oauth/model/errors.ts';
import type { Session, SessionStore } from '../../oauth/model/account-stores.ts';
import type { Clock } from '../../shared/clock.ts';
import { browserName } from './browser-name.ts';
import { IDLE_MILLISECONDS } from '../login/session-table.ts';

/** A session, as the person sees it whose it is. */
export interface OwnSession {
  /** Its hash: it opens nothing. */
  readonly id: string;
  readonly browser: string;
  readonly address: string | null;
  /** null for one from before we noted it. */
  readonly since: number | null;
  readonly lastSeenAt: number;
}

/** The sessions of a person. What is ended here is over at once. */
export interface OwnSessions {
  /** The one that was used last first. */
  list(person: Actor): Promise<readonly OwnSession[]>;
  /** @throws UnknownAccountError there is none of that id, or it is somebody else's */
  end(person: Actor, id: string): Promise<void>;
  endOthers(person: Actor, currentId: string): Promise<void>;
}

const toOwnSession = ({ hash, data, expiresAt }: Session): OwnSession => {
  const { login } = JSON.parse(data) as SessionData;
  return {
    ...{ id: hash, browser: browserName(login?.userAgent ?? null) },
    ...{ address: login?.address ?? null, since: login?.at ?? null },
    lastSeenAt: expiresAt - IDLE_MILLISECONDS,
  };
};

export const createOwnSessions = (deps: {
  readonly sessions: SessionStore;
  readonly auditLog: Authorization['auditLog'];
  readonly clock: Clock;
}): OwnSessions => {
  const { sessions, auditLog, clock } = deps;
  const list = async ({ user }: Actor): Promise<readonly OwnSession[]> =>
    (await sessions.listOf(user.id, clock.now())).map(toOwnSession);

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
