import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CallEvent, CallEventMap, CallEventPayloads } from '../../calls/call-events.ts';
import type { CallRecord } from '../../calls/call-record.ts';
import type { CallState } from '../../calls/call-state.ts';

/** What calls are counted of: the call domain, or what looks like it. */
export interface CallSource {
  on(event: 'changed', listener: (...change: CallEventMap['changed']) => void): unknown;
  /** Those that live in this process; `ended`: their legs are still ending. */
  countByState(): ReadonlyMap<CallState, number>;
}

/** Of the calls that a person waits through: how long until the destination answered, and how long they talked. */
const SETUP_SECONDS = [1, 2, 5, 10, 15, 20, 30, 45, 60, 90];
const TALK_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1800, 3600];
const RING_SECONDS = [1, 2, 5, 10, 15, 20, 30, 45, 60];

const states = ['created', 'calling', 'dialling', 'connected', 'ended'] as const satisfies readonly CallState[];

/** A leg that no trunk leads to is a phone of ours. */
const PHONES = 'phones';
/** No response came: it could not be reached, or it was cancelled before. */
const NONE = 'none';
/** The next trunk, or its next address, was tried: it failed, or was silent for too long. */
const NEXT = 'next';

type Calling = CallEventPayloads['leg.calling'];

const classOf = (status: number | null): string => (status === null ? NONE : `${Math.floor(status / 100)}xx`);

const secondsBetween = (from: number, to: number): number => Math.max(0, to - from) / 1000;

/**
 * Counts calls by what became of them, and measures what KPIs are made of (ASR, ACD, PDD). Every label has few values,
 * whatever callers and peers do: states, outcomes, the names of trunks in the settings, classes of responses.
 */
export class CallMetrics {
  readonly #placed: Counter<'purpose'>;
  readonly #ended: Counter<'purpose' | 'outcome' | 'ended_by'>;
  readonly #responses: Counter<'trunk' | 'class'>;
  readonly #setup: Histogram;
  readonly #ring: Histogram<'leg'>;
  readonly #talk: Histogram;
  /** By call and leg, the trunk of the INVITE that has had no final response yet. */
  readonly #called = new Map<string, string>();

  constructor(registry: Registry, source: CallSource) {
    const registers = [registry];
    this.#placed = new Counter({
      ...{ name: 'offhook_calls_placed_total', help: 'Calls that were journalled and begun', registers },
      labelNames: ['purpose'],
    });
    this.#ended = new Counter({
      ...{ name: 'offhook_calls_ended_total', help: 'Calls that ended, by outcome and by who ended them', registers },
      labelNames: ['purpose', 'outcome', 'ended_by'],
    });
    this.#responses = new Counter({
      name: 'offhook_sip_responses_total',
      help: 'Final responses to our INVITEs by trunk ("phones": those of users) and class ("none": there was none; "next": another was tried)',
      ...{ labelNames: ['trunk', 'class'], registers },
    });
    this.#setup = new Histogram({
      ...{ name: 'offhook_call_setup_seconds', help: 'From placing a call until both talk', registers },
      buckets: SETUP_SECONDS,
    });
    this.#ring = new Histogram({
      ...{ name: 'offhook_leg_ring_seconds', help: 'How long a leg rang before it was answered', registers },
      ...{ labelNames: ['leg'], buckets: RING_SECONDS },
    });
    this.#talk = new Histogram({
      ...{ name: 'offhook_call_talk_seconds', help: 'How long both talked', registers, buckets: TALK_SECONDS },
    });
    new Gauge({
      ...{
        name: 'offhook_calls_ongoing',
        help: 'Calls of this process; ended: their legs are still ending',
        registers,
      },
      labelNames: ['state'],
      collect() {
        const counts = source.countByState();
        for (const state of states) this.set({ state }, counts.get(state) ?? 0);
      },
    });
    source.on('changed', (call, event) => this.#count(call, event));
  }

  #count(call: CallRecord, event: CallEvent): void {
    const { purpose } = call;
    switch (event.name) {
      case 'call.created':
        this.#placed.inc({ purpose });
        break;
      case 'call.connected':
        this.#setup.observe(secondsBetween(call.createdAt, event.at));
        break;
      case 'call.ended':
        this.#ended.inc({ purpose, outcome: event.payload.outcome, ended_by: event.payload.endedBy });
        if (event.payload.talkMs !== null) this.#talk.observe(event.payload.talkMs / 1000);
        break;
      case 'leg.calling':
        this.#countNext(call.tokenCall, event.payload);
        break;
      case 'leg.answered':
      case 'leg.ended':
        this.#countLeg(call, event);
        break;
      default:
    }
  }

  /** A leg that is called again was not answered where it was called before. */
  #countNext(tokenCall: string, { leg, trunk }: Calling): void {
    const key = `${tokenCall} ${leg}`;
    const before = this.#called.get(key);
    if (before !== undefined) this.#responses.inc({ trunk: before, class: NEXT });
    this.#called.set(key, trunk ?? PHONES);
  }

  /** A leg has one final response: the one that answered it, or the one that ended it before. */
  #countLeg(call: CallRecord, { name, payload, at }: Extract<CallEvent, { name: 'leg.answered' | 'leg.ended' }>): void {
    const key = `${call.tokenCall} ${payload.leg}`;
    const trunk = this.#called.get(key);
    this.#called.delete(key);
    const leg = call.legs.find(({ role }) => role === payload.leg);
    // It was answered before, or never called.
    if (leg === undefined || trunk === undefined) return;
    this.#responses.inc({ trunk, class: classOf(payload.sipStatus) });
    if (name === 'leg.answered' && leg.ringingAt !== null) {
      this.#ring.observe({ leg: payload.leg }, secondsBetween(leg.ringingAt, at));
    }
  }
}
