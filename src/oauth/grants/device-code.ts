import type { WallClock } from '../../shared/clock.ts';
import type { Client } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { OAuthError } from '../model/errors.ts';
import type { DeviceGrantStore, DeviceGrantView, PollDecision } from '../model/grant-stores.ts';
import type { KeyProof } from '../model/key-proof.ts';
import { mayGrant } from '../model/permissions.ts';
import { hashSecret } from '../model/secrets.ts';
import type { TokenUser } from '../model/token-stores.ts';
import {
  mayRefresh,
  type MintedTokens,
  newFamily,
  type TokenMinter,
  type TokenResponse,
  tokenRows,
} from '../tokens/token-minter.ts';

/** RFC 8628 section 3.5: how much longer a device has to wait after each poll that came too soon. */
const SLOW_DOWN_SECONDS = 5;

export interface DevicePoll {
  readonly client: Client;
  readonly deviceCode: string;
  readonly proof: KeyProof;
  readonly route: RequestRoute;
  /** Of the device, as far as the proxies that we trust tell. */
  readonly address: string;
}

/** RFC 8628 section 3.4. */
export interface DeviceCodeGrant {
  /**
   * Exchanges a device code for tokens, once, after a person approved it. Its replay by the client that could have
   * redeemed it revokes what it gave, unless it is a poll that overlaps with the one that redeemed it.
   * @throws OAuthError `authorization_pending` where the person has not answered yet
   * @throws OAuthError `slow_down` where the device polls too often
   * @throws OAuthError `access_denied` where the person refused
   * @throws OAuthError `expired_token` where the code is over
   * @throws OAuthError `invalid_grant` where the code is unknown, used, or another client's
   * @throws InvalidProofError where the proof of the key was used before
   */
  redeem(poll: DevicePoll): Promise<TokenResponse>;
}

/** What a device gets instead of tokens. */
const refusals = {
  authorization_pending: 'Nobody has answered yet.',
  slow_down: 'The device asks too often. It must wait 5 seconds longer between two requests from now on.',
  access_denied: 'The person refused.',
  expired_token: 'The device_code has expired.',
  invalid_grant: 'The device_code is not valid, or was used before.',
} as const;

type Refusal = keyof typeof refusals;
type Refusing<Action> = Action & { readonly error: Refusal };

type Decision = Extract<PollDecision, { action: 'issue' }> | Refusing<Exclude<PollDecision, { action: 'issue' }>>;

const refuse = (error: Refusal): Decision => ({ action: 'refuse', error });

const wait = ({ lastPolledAt, intervalSeconds }: DeviceGrantView, now: number): Decision =>
  lastPolledAt !== null && now < lastPolledAt + intervalSeconds * 1000
    ? { action: 'wait', at: now, intervalSeconds: intervalSeconds + SLOW_DOWN_SECONDS, error: 'slow_down' }
    : { action: 'wait', at: now, intervalSeconds, error: 'authorization_pending' };

const replay: Decision = { action: 'revoke', error: 'invalid_grant' };

/** Another poll of the same device, which asks once in an interval; a clock that was set back far makes none of a replay. */
const overlaps = ({ lastPolledAt, intervalSeconds }: DeviceGrantView, now: number): boolean =>
  lastPolledAt !== null && Math.abs(now - lastPolledAt) <= intervalSeconds * 1000;

export const createDeviceCodeGrant = (deps: {
  readonly devices: DeviceGrantStore;
  readonly tokenMinter: TokenMinter;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
}): DeviceCodeGrant => {
  const issue = (
    grant: DeviceGrantView & { readonly user: TokenUser },
    { client, proof }: DevicePoll,
    { minted, now }: { readonly minted: MintedTokens; readonly now: number },
  ): Decision => {
    const { familyId, user } = grant;
    // The person was asked for these only: some scopes belong to a role.
    const scopes = grant.scopes.filter((scope) => mayGrant(scope, user.role));
    const terms = { client, scopes, dpopKey: proof.key, now };
    const family = newFamily(terms, { id: familyId, userId: user.id, minted });
    return { action: 'issue', at: now, family, tokens: tokenRows(minted, { ...terms, family }) };
  };

  const decide = (grant: DeviceGrantView, poll: DevicePoll, minted: MintedTokens): Decision => {
    const { answer } = grant;
    const now = deps.clock.now();
    if (grant.clientId !== poll.client.id) return refuse('invalid_grant');
    if (answer.state === 'redeemed') return overlaps(grant, now) ? refuse('invalid_grant') : replay;
    if (grant.expiresAt <= now) return refuse('expired_token');
    if (answer.state === 'refused') return refuse('access_denied');
    if (answer.state === 'pending') return wait(grant, now);
    if (!deps.admission.admits(answer.user, poll.route)) return refuse('invalid_grant');
    return issue({ ...grant, user: answer.user }, poll, { minted, now });
  };

  /** A proof is stored only once it gives tokens: a device that waits may poll as long as it likes. */
  const spendProof = async (hash: string, { client, proof }: DevicePoll): Promise<void> => {
    if (proof.key !== null && (await deps.devices.findApproved(hash)) === client.id) await proof.spend();
  };

  return {
    redeem: async (poll) => {
      const { client, address } = poll;
      const hash = hashSecret(poll.deviceCode);
      await spendProof(hash, poll);
      const minted = deps.tokenMinter.mint(client, mayRefresh(client) ? 'with-refresh' : 'access-only');
      const decision =
        (await deps.devices.poll(hash, (grant) => decide(grant, poll, minted))) ?? refuse('invalid_grant');
      const about = { clientId: client.id, address, detail: 'device_code' };
      if (decision.action === 'issue') {
        deps.auditLog.count('token.issued', { ...about, userId: decision.family.userId });
        return deps.tokenMinter.respond(minted, decision);
      }
      if (decision.action === 'revoke') deps.auditLog.count('token.replayed', about);
      throw new OAuthError(decision.error, refusals[decision.error]);
    },
  };
};
