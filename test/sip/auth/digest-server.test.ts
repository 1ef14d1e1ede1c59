import { describe, expect, it } from '@jest/globals';
import { createSteadyClock } from '../../../src/shared/clock.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { Authorizer } from '../../../src/sip/auth/authorizer.ts';
import { ha1 } from '../../../src/sip/auth/digest.ts';
import { DigestServer } from '../../../src/sip/auth/digest-server.ts';
import { SipHeaders } from '../../../src/sip/message/headers.ts';
import { SipRequest, SipResponse } from '../../../src/sip/message/message.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const server = (key = Buffer.alloc(32, 1), clock = new FakeClock()) => {
  const asked: string[] = [];
  const credentials = {
    ha1: (account: string, realm: string, algorithm: 'MD5' | 'SHA-256') => {
      asked.push(`${account} ${algorithm}`);
      return Promise.resolve(
        account === 'bob' ? ha1(algorithm, { username: account, realm, password: 'secret' }) : undefined,
      );
    },
  };
  const digest = new DigestServer({
    realm: 'offhook',
    credentials,
    algorithms: ['SHA-256', 'MD5'],
    key,
    clock: createSteadyClock(clock),
    ids: createSystemIds(),
  });
  return { digest, clock, asked };
};

const bare = (authorization?: string): SipRequest => {
  const headers = new SipHeaders().append('cseq', '1 REGISTER');
  if (authorization !== undefined) headers.append('authorization', authorization);
  return new SipRequest('REGISTER', 'sip:offhook', headers);
};

/** Challenges and lets a client answer, in the algorithm that it is shown. */
const answerTo = async (
  { digest }: ReturnType<typeof server>,
  { username = 'bob', password = 'secret', algorithm = 'SHA-256' } = {},
): Promise<SipRequest> => {
  const verdict = await digest.verify(bare());
  if (verdict.kind !== 'refused') throw new Error('Not challenged');
  const response = new SipResponse(401, 'Unauthorized');
  for (const [name, value] of verdict.headers) {
    if (value.endsWith(`algorithm=${algorithm}`)) response.headers.append(name, value);
  }
  const retry = new Authorizer({ username, password }, createSystemIds()).retry(bare(), response, () => 2);
  if (retry === undefined) throw new Error('Not answered');
  return retry;
};

const isStale = (verdict: Awaited<ReturnType<DigestServer['verify']>>): boolean =>
  verdict.kind === 'refused' &&
  verdict.status === 401 &&
  verdict.headers.every(([, value]) => value.includes('stale=true'));

describe('the digest server', () => {
  it.each(['MD5', 'SHA-256'])('accepts the right password in %s, once for each nonce count', async (algorithm) => {
    const here = server();
    const answer = await answerTo(here, { algorithm });
    expect(await here.digest.verify(answer)).toEqual({ kind: 'accepted', account: 'bob' });
    expect(isStale(await here.digest.verify(answer))).toBe(true);
    expect(here.asked[0]).toBe(`bob ${algorithm}`);
  });

  it('says stale for a nonce that is too old, but only to who knows the password', async () => {
    const here = server();
    const right = await answerTo(here);
    const wrong = await answerTo(here, { password: 'guess' });
    here.clock.advance(300_001);
    expect(isStale(await here.digest.verify(right))).toBe(true);
    const verdict = await here.digest.verify(wrong);
    expect([verdict.kind, isStale(verdict)]).toEqual(['refused', false]);
  });

  it.each([3_600_000, -3_600_000, 3 * 86_400_000])(
    'takes a nonce for as long as ever after a step of the wall clock by %d ms',
    async (step) => {
      const here = server();
      const [early, late] = [await answerTo(here), await answerTo(here)];
      here.clock.step(step);
      here.clock.advance(300_000);
      expect(await here.digest.verify(early)).toEqual({ kind: 'accepted', account: 'bob' });
      here.clock.advance(1);
      expect(isStale(await here.digest.verify(late))).toBe(true);
    },
  );

  it('does the same for an unknown account as for a wrong password', async () => {
    const here = server();
    for (const username of ['bob', 'nobody']) {
      const verdict = await here.digest.verify(await answerTo(here, { username, password: 'guess' }));
      expect(verdict).toMatchObject({ kind: 'refused', status: 401 });
      expect(isStale(verdict)).toBe(false);
    }
    expect(here.asked).toEqual(['bob SHA-256', 'nobody SHA-256']);
  });

  it('looks nobody up for a nonce that is not ours, another realm or another scheme', async () => {
    const here = server();
    const foreign = await answerTo(server(Buffer.alloc(32, 2)));
    const forged = (await answerTo(here)).headers.get('authorization')?.replace(/nonce="./, 'nonce="~');
    for (const request of [foreign, bare(forged), bare('Basic Ym9iOnNlY3JldA==')]) {
      expect(await here.digest.verify(request)).toMatchObject({ kind: 'refused', status: 401 });
    }
    expect(here.asked).toEqual([]);
  });

  it('gives 400 to credentials that are no digest', async () => {
    expect(await server().digest.verify(bare('Digest realm="offhook", nonce='))).toEqual({
      kind: 'refused',
      status: 400,
      reason: 'bad-request',
      headers: [],
    });
  });

  it('keeps its nonces good over a restart with the same key', async () => {
    const before = server();
    const answer = await answerTo(before);
    const after = server(Buffer.alloc(32, 1), before.clock);
    expect(await after.digest.verify(answer)).toEqual({ kind: 'accepted', account: 'bob' });
  });

  it('says stale for a nonce from the future: the wall clock was set back before the restart', async () => {
    const before = server();
    const answer = await answerTo(before);
    before.clock.step(-3_600_000);
    const after = server(Buffer.alloc(32, 1), before.clock);
    expect(isStale(await after.digest.verify(answer))).toBe(true);
    before.clock.advance(3_600_000 + 300_001);
    expect(isStale(await after.digest.verify(answer))).toBe(true);
  });
});
