import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IncomingSession } from '../../../../src/sip/user-agent.ts';
import { brokenRules } from '../../../contracts/call-engine.ts';
import type { Party } from '../../../sip/session/party.ts';
import { expectNothingLeft, mediaOf, SipWorld } from '../../../support/sip-world.ts';

/** What a phone does, by chance. Times are in milliseconds from the INVITE. */
interface Conduct {
  readonly progress: 'none' | 'ringing' | 'early';
  readonly final: 'answer' | 'nothing' | 486 | 488 | 503 | 603;
  readonly finalAfterMs: number;
  readonly hangsUpAfterMs: number | undefined;
  readonly offersAfterMs: number | undefined;
  readonly onOffer: 'same' | 'moved' | 'nothing' | 481 | 488 | 491;
  readonly sdp: 'good' | 'unreadable';
}

const usually = <Value>(value: Value, ...others: Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(value) }, { weight: 2, arbitrary: fc.constantFrom(...others) });

const conducts: fc.Arbitrary<Conduct> = fc.record({
  progress: fc.constantFrom('none', 'ringing', 'early'),
  final: usually<Conduct['final']>('answer', 'nothing', 486, 488, 503, 603),
  finalAfterMs: fc.constantFrom(0, 1, 50, 400, 3000, 29_998, 45_000),
  hangsUpAfterMs: fc.option(fc.constantFrom(2, 60, 402, 1000, 5000, 40_000), { nil: undefined }),
  offersAfterMs: fc.option(fc.constantFrom(100, 405, 900, 4000), { nil: undefined }),
  onOffer: usually<Conduct['onOffer']>('same', 'moved', 'nothing', 481, 488, 491),
  sdp: usually<Conduct['sdp']>('good', 'unreadable'),
});

const worlds = fc.record({
  seed: fc.nat(),
  loss: fc.constantFrom(0, 0, 0.1, 0.3),
  phone: conducts,
  carrier: conducts,
  nextCarrier: conducts,
  hangUpsAtMs: fc.array(fc.constantFrom(0, 1, 2, 30, 103, 405, 2000, 31_000, 50_000), { maxLength: 2 }),
});

type Scenario = typeof worlds extends fc.Arbitrary<infer Value> ? Value : never;

const answersAtOnce: Conduct = {
  ...{ progress: 'ringing', final: 'answer', finalAfterMs: 400, onOffer: 'same', sdp: 'good' },
  ...{ hangsUpAfterMs: undefined, offersAfterMs: undefined },
};

/** One way to each ending that matters, whatever chance brings besides. */
const endings: readonly Partial<Scenario>[] = [
  { hangUpsAtMs: [2000] },
  { phone: { ...answersAtOnce, hangsUpAfterMs: 5000 } },
  { carrier: { ...answersAtOnce, hangsUpAfterMs: 5000 } },
  { carrier: { ...answersAtOnce, final: 486 } },
  { phone: { ...answersAtOnce, final: 'nothing' } },
];

const examples = endings.map((ending): [Scenario] => [
  {
    ...{ seed: 1, loss: 0, phone: answersAtOnce, carrier: answersAtOnce, nextCarrier: answersAtOnce, hangUpsAtMs: [] },
    ...ending,
  },
]);

const answerOffers = (session: IncomingSession, { onOffer }: Conduct, port: number): void => {
  session.on('offer', (offer) => {
    if (onOffer === 'nothing') return;
    if (typeof onOffer === 'number') offer.reject(onOffer);
    else offer.accept(mediaOf({ port: onOffer === 'same' ? port : port + 10, version: 2 }));
  });
};

const behave = (world: SipWorld, [party, port]: readonly [Party, number], conduct: Conduct): void => {
  const { clock } = world;
  party.listen((session) => {
    const { progress, final, finalAfterMs, hangsUpAfterMs, offersAfterMs } = conduct;
    const sdp = conduct.sdp === 'good' ? mediaOf({ port }) : 'hello';
    answerOffers(session, conduct, port);
    if (progress === 'ringing') session.progress(180);
    if (progress === 'early') session.progress(183, sdp);
    clock.setTimer(finalAfterMs, () => {
      if (final === 'answer') session.accept(sdp);
      else if (final !== 'nothing') session.reject(final);
    });
    clock.setTimer(150_000, () => session.reject(480)); // no phone rings for ever, should every word of ours be lost
    if (hangsUpAfterMs !== undefined) clock.setTimer(hangsUpAfterMs, () => session.hangUp());
    if (offersAfterMs === undefined) return;
    clock.setTimer(offersAfterMs, () => void session.offer(mediaOf({ port: port + 20, version: 3 })));
  });
};

describe('a call between peers that do anything at any time, over a network that loses', () => {
  it('keeps every rule, and nothing is left of it', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(worlds, async ({ seed, loss, phone, carrier, nextCarrier, hangUpsAtMs }) => {
        const world = await SipWorld.started({ seed });
        Object.assign(world.network.faults, { loss, duplication: loss / 2, delayMs: 1, jitterMs: loss * 100 });
        behave(world, [world.phone, 4000], phone);
        behave(world, [world.carrier, 5000], carrier);
        behave(world, [world.nextCarrier, 6000], nextCarrier);
        const { call, events, notified } = world.place();
        for (const milliseconds of hangUpsAtMs) world.clock.setTimer(milliseconds, () => call.hangUp());
        await world.elapse(199_000);
        expect(notified.some((text) => text === 'joined' || text.startsWith('over'))).toBe(true);
        call.hangUp();
        await expectNothingLeft(world);
        expect(brokenRules(events)).toEqual([]);
        for (const text of notified) seen.add(text);
      }),
      { numRuns: 400, examples },
    );
    expect([...seen]).toEqual(
      expect.arrayContaining([
        ...['joined', 'over: request', 'over: caller hung up', 'over: callee hung up'],
        ...['over: callee response 486 busy', 'over: caller timed-out 487 no-answer'],
      ]),
    );
  });
});
