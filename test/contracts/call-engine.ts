import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type {
  CallEngine,
  CallPlan,
  EngineCall,
  EngineEvent,
  EngineTestCall,
  LegCause,
  TestPlan,
  Verdict,
} from '../../src/calls/call-engine.ts';
import type { LegRole } from '../../src/calls/call-state.ts';
import { EngineUnavailableError } from '../../src/calls/errors.ts';

/** What a phone does that is called. `absent`: there is nobody. */
export type PeerConduct =
  | { readonly does: 'answer'; readonly hangsUpAfterMs?: number }
  | { readonly does: 'refuse'; readonly status: 404 | 480 | 486 | 603 }
  | { readonly does: 'ring' | 'nothing' | 'absent' };

export interface EngineUnderTest {
  /** Not started. */
  readonly engine: CallEngine;
  /** A plan whose phones behave so; they may ring for 30 s and 60 s. */
  plan(caller: PeerConduct, callee: PeerConduct): CallPlan;
  /** A plan of a test call of 3 s. */
  planTest(callee: PeerConduct): TestPlan;
  elapse(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

type Ended = Extract<EngineEvent, { type: 'leg-ended' }>;

const answers: PeerConduct = { does: 'answer' };
const rings: PeerConduct = { does: 'ring' };

const typesOf = (events: readonly EngineEvent[]): string[] =>
  events.map((event) => ('leg' in event ? `${event.type} ${event.leg}` : event.type));

const verdictOf = (events: readonly EngineEvent[]): Verdict | undefined =>
  events.find((event) => event.type === 'over')?.verdict;

const endOf = (events: readonly EngineEvent[], leg: LegRole): LegCause | undefined =>
  events.find((event): event is Ended => event.type === 'leg-ended' && event.leg === leg)?.cause;

const count = (types: readonly string[], wanted: string): number => types.filter((type) => type === wanted).length;

/** The rules that hold for every call that is over, whatever happened to it. @returns those that were broken */
export const brokenRules = (events: readonly EngineEvent[]): string[] => {
  const types = typesOf(events);
  const over = types.indexOf('over');
  const afterOver = types.slice(over + 1);
  const firstEnd = types.findIndex((type) => type.startsWith('leg-ended'));
  const rules: Readonly<Record<string, boolean>> = {
    'over comes exactly once': count(types, 'over') === 1,
    'no leg ends before over': firstEnd === -1 || firstEnd > over,
    'nothing but ends follows over': afterOver.every((type) => type.startsWith('leg-ended')),
    'joined comes at most once, after both answers':
      count(types, 'joined') === 0 ||
      (count(types, 'joined') === 1 &&
        types.slice(0, types.indexOf('joined')).filter((type) => type.startsWith('leg-answered')).length === 2),
    'each leg is answered at most once': (['caller', 'callee'] as const).every(
      (leg) => count(types, `leg-answered ${leg}`) <= 1,
    ),
    'each leg that was called ends exactly once': (['caller', 'callee'] as const).every(
      (leg) => count(types, `leg-ended ${leg}`) === (types.includes(`leg-calling ${leg}`) ? 1 : 0),
    ),
    'the callee is called only after the caller has answered':
      !types.includes('leg-calling callee') ||
      types.indexOf('leg-answered caller') < types.indexOf('leg-calling callee'),
  };
  return Object.entries(rules).flatMap(([rule, holds]) => (holds ? [] : [rule]));
};

/** What every driver of `CallEngine` does. */
export const describeCallEngine = (driver: string, open: () => Promise<EngineUnderTest>): void => {
  describe(`${driver}: a call engine`, () => {
    let stage: EngineUnderTest;
    let engine: CallEngine;

    beforeEach(async () => {
      stage = await open();
      ({ engine } = stage);
    });

    afterEach(() => stage.close());

    const place = (caller: PeerConduct, callee: PeerConduct): { call: EngineCall; events: EngineEvent[] } => {
      const events: EngineEvent[] = [];
      return { call: engine.place(stage.plan(caller, callee), (event) => void events.push(event)), events };
    };

    const placeTest = (callee: PeerConduct): { call: EngineTestCall; events: EngineEvent[] } => {
      const events: EngineEvent[] = [];
      return { call: engine.placeTest(stage.planTest(callee), (event) => void events.push(event)), events };
    };

    /** Lets every timer of the call run out. */
    const finish = async (events: readonly EngineEvent[]): Promise<void> => {
      await stage.elapse(200_000);
      expect(brokenRules(events)).toEqual([]);
    };

    it('takes no call before the start and after the stop, both of which may be repeated', async () => {
      expect(() => place(answers, answers)).toThrow(EngineUnavailableError);
      await engine.start();
      await engine.start();
      expect(place(answers, answers).events).toEqual([]);
      const stopped = engine.stop();
      await stage.elapse(60_000);
      await stopped;
      await engine.stop();
      expect(() => place(answers, answers)).toThrow(EngineUnavailableError);
    });

    it('rings the caller, then the callee, joins them, and ends both on request', async () => {
      await engine.start();
      const { call, events } = place(answers, answers);
      expect(events).toEqual([]);
      await stage.elapse(5000);
      expect(typesOf(events)).toEqual([
        ...['leg-calling caller', 'leg-ringing caller', 'leg-answered caller'],
        ...['leg-calling callee', 'leg-ringing callee', 'leg-answered callee', 'joined'],
      ]);
      call.hangUp();
      call.hangUp();
      await finish(events);
      call.hangUp();
      expect(verdictOf(events)).toEqual({ by: 'request' });
      expect(endOf(events, 'caller')).toMatchObject({ sipStatus: 200, q850Cause: 16 });
      expect(endOf(events, 'callee')).toMatchObject({ sipStatus: 200, q850Cause: 16 });
    });

    it.each([404, 480, 486, 603] as const)('a caller that refuses with %i ends the call', async (status) => {
      await engine.start();
      const { events } = place({ does: 'refuse', status }, answers);
      await finish(events);
      expect(verdictOf(events)).toMatchObject({ by: 'failure', leg: 'caller', failure: 'response' });
      expect(endOf(events, 'caller')).toMatchObject({ sipStatus: status });
      expect(typesOf(events)).not.toContain('leg-calling callee');
    });

    it.each([404, 480, 486, 603] as const)('a callee that refuses with %i ends the call', async (status) => {
      await engine.start();
      const { events } = place(answers, { does: 'refuse', status });
      await finish(events);
      expect(verdictOf(events)).toMatchObject({ by: 'failure', leg: 'callee', failure: 'response' });
      expect(endOf(events, 'callee')).toMatchObject({ sipStatus: status });
      expect(endOf(events, 'caller')).toMatchObject({ sipStatus: 200 });
    });

    it.each<[LegRole, PeerConduct, PeerConduct, number]>([
      ['caller', rings, answers, 30_000],
      ['callee', answers, rings, 60_000],
    ])('a %s that does not answer is given up when its time is over', async (leg, caller, callee, milliseconds) => {
      await engine.start();
      const { events } = place(caller, callee);
      await stage.elapse(milliseconds - 1000);
      expect(verdictOf(events)).toBeUndefined();
      await finish(events);
      expect(verdictOf(events)).toMatchObject({ by: 'failure', leg, failure: 'timed-out' });
      expect(endOf(events, leg)).toMatchObject({ sipStatus: 487, q850Cause: 19, reason: 'no-answer' });
    });

    it.each<[LegRole, PeerConduct, PeerConduct]>([
      ['caller', { does: 'absent' }, answers],
      ['callee', answers, { does: 'absent' }],
    ])('a %s that is not there ends the call', async (leg, caller, callee) => {
      await engine.start();
      const { events } = place(caller, callee);
      await finish(events);
      expect(verdictOf(events)).toMatchObject({ by: 'failure', leg });
      expect(typesOf(events)).not.toContain('joined');
    });

    it.each<[LegRole, PeerConduct, PeerConduct]>([
      ['caller', { does: 'answer', hangsUpAfterMs: 5000 }, answers],
      ['callee', answers, { does: 'answer', hangsUpAfterMs: 5000 }],
      ['caller', { does: 'answer', hangsUpAfterMs: 5000 }, rings],
    ])('a %s that hangs up ends the other leg as well', async (leg, caller, callee) => {
      await engine.start();
      const { events } = place(caller, callee);
      await finish(events);
      expect(verdictOf(events)).toMatchObject({ by: 'hangup', leg });
    });

    it('ends a call on request at any moment', async () => {
      await engine.start();
      const silent: PeerConduct = { does: 'nothing' };
      for (const [caller, callee] of [
        [silent, answers],
        [rings, answers],
        [answers, rings],
        [answers, answers],
      ] as const) {
        for (const milliseconds of [0, 1, 30, 250, 2000]) {
          const { call, events } = place(caller, callee);
          if (milliseconds > 0) await stage.elapse(milliseconds);
          call.hangUp();
          await finish(events);
          expect(verdictOf(events)).toEqual({ by: 'request' });
        }
      }
    });

    it('tells of every ongoing call when it is stopped', async () => {
      await engine.start();
      const calls = [
        place(answers, answers),
        place(answers, rings),
        place(rings, answers),
        place({ does: 'nothing' }, answers),
      ];
      await stage.elapse(2000);
      const early = place(answers, answers);
      const stopped = engine.stop();
      await stage.elapse(60_000);
      await stopped;
      for (const { events } of [...calls, early]) {
        expect(brokenRules(events)).toEqual([]);
        expect(verdictOf(events)).toEqual({ by: 'request' });
      }
    });

    it('answers a test call by its own phone, rings the callee, and hangs up when the script is done', async () => {
      expect(() => placeTest(answers)).toThrow(EngineUnavailableError);
      await engine.start();
      const { call, events } = placeTest(answers);
      expect(events).toEqual([]);
      await finish(events);
      expect(typesOf(events)).toEqual([
        ...['leg-calling caller', 'leg-answered caller', 'leg-calling callee', 'leg-ringing callee'],
        ...['leg-answered callee', 'joined', 'over', 'leg-ended caller', 'leg-ended callee'],
      ]);
      expect(verdictOf(events)).toMatchObject({ by: 'hangup', leg: 'caller' });
      expect(await call.report).toMatchObject({ ringback: 'none', digits: '', steps: [], talkMs: 3000 });
    });

    it.each<[string, PeerConduct, Partial<Verdict>]>([
      ['refuses', { does: 'refuse', status: 486 }, { by: 'failure', failure: 'response' }],
      ['does not answer', rings, { by: 'failure', failure: 'timed-out' }],
      ['is not there', { does: 'absent' }, { by: 'failure' }],
      ['hangs up', { does: 'answer', hangsUpAfterMs: 1000 }, { by: 'hangup', leg: 'callee' }],
    ])('ends a test call whose callee %s, and reports', async (_what, callee, verdict) => {
      await engine.start();
      const { call, events } = placeTest(callee);
      await finish(events);
      expect(verdictOf(events)).toMatchObject({ leg: 'callee', ...verdict });
      expect(await call.report).toMatchObject({ steps: [] });
    });

    it('ends a test call on request at any moment, and by the stop of the engine, and reports each', async () => {
      await engine.start();
      const placed: { call: EngineTestCall; events: EngineEvent[] }[] = [];
      for (const callee of [answers, rings, { does: 'nothing' } as const]) {
        for (const milliseconds of [0, 1, 30, 250, 2000]) {
          const each = placeTest(callee);
          if (milliseconds > 0) await stage.elapse(milliseconds);
          each.call.hangUp();
          await finish(each.events);
          placed.push(each);
        }
      }
      const last = placeTest(answers);
      await stage.elapse(500);
      const stopped = engine.stop();
      await stage.elapse(60_000);
      await stopped;
      for (const { call, events } of [...placed, last]) {
        expect(brokenRules(events)).toEqual([]);
        expect(verdictOf(events)).toEqual({ by: 'request' });
        expect(await call.report).toMatchObject({ digits: '' });
      }
    });

    it('knows whether an endpoint could be reached', async () => {
      await engine.start();
      const [phone] = stage.plan(answers, answers).callee;
      expect(phone && (await engine.locate(phone))).toMatchObject(phone ?? {});
      expect(await engine.locate({ kind: 'registered', account: 'nobody' })).toBeUndefined();
    });
  });
};
