import { describe, expect, it } from '@jest/globals';
import { type Diary, nothing, Pair, sdp } from './party.ts';

const CALLS = 12;

const isOver = ({ ends }: Diary): boolean => ends.length === 1;

/** Twelve calls that are answered, renegotiated and hung up at odd times by either side, some before the answer. */
const storm = async (seed: number): Promise<{ pair: Pair; diaries: () => Diary[] }> => {
  const pair = new Pair(seed);
  Object.assign(pair.network.faults, { loss: 0.2, duplication: 0.15, delayMs: 5, jitterMs: 120 });
  const { clock, alice, bob } = pair;
  bob.listen((session) => {
    const nth = bob.incoming.length;
    session.progress(180);
    if (nth % 4 === 3) clock.setTimer(300, () => session.reject(486));
    else clock.setTimer(nth * 97, () => session.accept(sdp('answer')));
    clock.setTimer(4000 + nth * 31, () => void session.offer(sdp('theirs')));
    if (nth % 3 === 0) clock.setTimer(9000 + nth * 211, () => session.hangUp());
  });
  const out = Array.from({ length: CALLS }, (_, nth) => {
    const diary = alice.invite('10.0.0.2');
    clock.setTimer(4000 + nth * 29, () => void diary.session.offer(sdp('ours')));
    clock.setTimer(nth % 5 === 0 ? nth * 60 : 9000 + nth * 200, () => diary.session.hangUp());
    return diary;
  });
  await clock.advanceAsync(200_000);
  return { pair, diaries: () => [...out, ...bob.incoming] };
};

describe('over a faulty network', () => {
  it.each([1, 2, 3, 5, 8, 13, 21, 34])(
    'every session ends exactly once on both sides and nothing is left (seed %i)',
    async (seed) => {
      const { pair, diaries } = await storm(seed);
      expect(diaries().filter((diary) => !isOver(diary))).toEqual([]);
      expect(diaries().every(({ notified }) => notified.indexOf('answered') === notified.lastIndexOf('answered'))).toBe(
        true,
      );
      expect(diaries().some(({ notified }) => notified.includes('answered'))).toBe(true);
      expect(await pair.leftOver()).toEqual(nothing);
    },
  );
});
