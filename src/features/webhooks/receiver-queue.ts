import type { Clock, WallClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { AttemptResult, DueDelivery } from './model.ts';
import { ReceiverCircuit } from './receiver-circuit.ts';
import { delayAfter, type Spread } from './schedule.ts';
import type { SendingSlots } from './sending-slots.ts';
import { signatureHeaders } from './signature.ts';
import type { WebhookSender } from './webhook-sender.ts';
import type { DeliveryOutcome, WebhookStore } from './webhook-store.ts';

export interface ReceiverQueueParts {
  readonly store: WebhookStore;
  readonly sender: Pick<WebhookSender, 'send'>;
  readonly slots: SendingSlots;
  readonly clock: Clock;
  /** Dates attempts: no step of the wall clock delays one. */
  readonly steadyClock: WallClock;
  readonly spread: Spread;
  readonly log: Log;
  /** A slot is free that others may have waited for. */
  readonly onFree: () => void;
}

/** While a receiver is away, what falls due is put off so many at a time. */
const PUT_OFF_AT_ONCE = 50;
/** Of what waits for a receiver that is away, one after the other is tried: no single one decides. */
const TRIED_IN_TURN = 20;

const GONE = 410;

interface MadeAttempt {
  readonly result: AttemptResult;
  /** `early`: to see whether the receiver is there, before it was due. */
  readonly when: 'due' | 'early';
  /** By the monotonic clock. */
  readonly begunAt: number;
}

/** What is to be sent to one webhook at one address. */
export class ReceiverQueue {
  readonly webhookId: string;
  readonly url: string;
  readonly #parts: ReceiverQueueParts;
  readonly #circuit: ReceiverCircuit;
  readonly #underWay = new Map<number, Promise<void>>();
  readonly #host: string;
  #tries = 0;
  #wanted = 0;
  #serving: Promise<void> | undefined;
  #state: 'open' | 'closed' = 'open';

  constructor({ webhookId, url }: { readonly webhookId: string; readonly url: string }, parts: ReceiverQueueParts) {
    this.webhookId = webhookId;
    this.url = url;
    this.#parts = parts;
    this.#circuit = new ReceiverCircuit(parts.clock, parts.spread);
    this.#host = URL.canParse(url) ? new URL(url).host : url;
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  /** Sends what is due, as far as there is room. One call at a time: what is wanted meanwhile, the first one does. */
  async serve(): Promise<void> {
    this.#wanted += 1;
    this.#serving ??= this.#serveAll().finally(() => {
      this.#serving = undefined;
    });
    await this.#serving;
  }

  /** Sends nothing more. Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#state = 'closed';
    await this.#serving;
    await Promise.all(this.#underWay.values());
  }

  async #serveAll(): Promise<void> {
    for (let seen = -1; seen !== this.#wanted && this.#state === 'open';) {
      seen = this.#wanted;
      await this.#serveOnce();
    }
  }

  async #serveOnce(): Promise<void> {
    const { store, steadyClock, log } = this.#parts;
    try {
      const passage = this.#circuit.passage();
      if (passage === 'one') await this.#tryOne();
      else if (passage === 'all') await this.#sendDue();
      if (this.#circuit.isOpen)
        await this.#putOff(await store.due(this.webhookId, { by: steadyClock.now(), limit: PUT_OFF_AT_ONCE }));
    } catch (error) {
      log.warn({ err: error, webhook: this.webhookId }, 'deliveries of a webhook could not be read');
    }
  }

  async #sendDue(): Promise<void> {
    const { store, slots, steadyClock } = this.#parts;
    const room = slots.free(this.#host);
    if (room <= 0) return;
    const limit = room + this.#underWay.size;
    for (const delivery of await store.due(this.webhookId, { by: steadyClock.now(), limit })) {
      if (slots.free(this.#host) > 0 && this.#circuit.passage() === 'all') this.#start(delivery, 'due');
    }
  }

  /** Whether the receiver is there is seen by a delivery that waits for it, whenever that would be due. */
  async #tryOne(): Promise<void> {
    const { store, slots, steadyClock } = this.#parts;
    if (this.#underWay.size > 0 || slots.free(this.#host) <= 0) return;
    const by = Number.MAX_SAFE_INTEGER;
    const waiting = await store.due(this.webhookId, { by, limit: TRIED_IN_TURN });
    const delivery = waiting[this.#tries % Math.max(waiting.length, 1)];
    if (delivery === undefined) return;
    this.#tries += 1;
    this.#start(delivery, delivery.nextAttemptAt <= steadyClock.now() ? 'due' : 'early');
  }

  /** What is due while the receiver is away is not sent, and yet a step nearer to its end. */
  async #putOff(due: readonly DueDelivery[]): Promise<void> {
    const { store, steadyClock } = this.#parts;
    const waiting = due.filter(({ id }) => !this.#underWay.has(id));
    const now = steadyClock.now();
    await Promise.all(
      waiting.map(async (delivery) => {
        if (!this.#circuit.isOpen) return;
        const outcome = { ...this.#nextStep(delivery, now), attempted: 'no' as const, lastStatus: null };
        await store.settle(delivery.id, { ...outcome, lastError: 'receiver away' }, now);
      }),
    );
  }

  #start(delivery: DueDelivery, when: 'due' | 'early'): void {
    if (this.#underWay.has(delivery.id) || this.#state === 'closed') return;
    const { slots, onFree } = this.#parts;
    slots.take(this.#host);
    const attempt = this.#attempt(delivery, when).then((next) => {
      this.#underWay.delete(delivery.id);
      if (slots.giveBack(this.#host)) onFree();
      if (next === 'at-once') void this.serve();
    });
    this.#underWay.set(delivery.id, attempt);
  }

  /** @returns when to look for the next one: `later` where nothing was done, and would not be a moment later */
  async #attempt(delivery: DueDelivery, when: 'due' | 'early'): Promise<'at-once' | 'later'> {
    const { store, sender, clock, log } = this.#parts;
    try {
      const standing = await store.standing(delivery.id, clock.now());
      if (standing === 'withdrawn') await this.#giveUp(delivery);
      if (standing !== 'granted') return standing === 'withdrawn' ? 'at-once' : 'later';
      const { messageId, body } = delivery;
      const secrets = await store.secrets(this.webhookId, clock.now());
      const headers = signatureHeaders({ messageId, body }, { secrets, now: clock.now() });
      const begunAt = clock.elapsed();
      const result = await sender.send({ url: this.url, headers, body });
      // Cut off by our own end: it is sent again after the next start.
      if (result.kind === 'failed' && this.#state === 'closed') return 'later';
      await this.#note(delivery, { result, when, begunAt });
      return 'at-once';
    } catch (error) {
      this.#circuit.noteFault();
      log.error({ err: error, webhook: this.webhookId, delivery: delivery.id }, 'a delivery of a webhook failed');
      return 'later';
    }
  }

  /** Nobody may be told of this call any more. */
  async #giveUp({ id }: DueDelivery): Promise<void> {
    const now = this.#parts.steadyClock.now();
    const said = { attempted: 'no', lastStatus: null, lastError: 'grant withdrawn' } as const;
    await this.#parts.store.settle(id, { ...said, state: 'dead', endedAt: now }, now);
  }

  async #note(delivery: DueDelivery, { result, when, begunAt }: MadeAttempt): Promise<void> {
    const { store, steadyClock, log } = this.#parts;
    const now = steadyClock.now();
    const wasOpen = this.#circuit.isOpen;
    const change = this.#circuit.note(result, begunAt);
    if (change === 'away') log.warn({ webhook: this.webhookId }, 'the receiver of a webhook is away');
    const outcome = this.#outcomeOf(delivery, { result, when, now });
    if (outcome.state === 'dead') {
      log.warn(
        { webhook: this.webhookId, delivery: delivery.id, error: outcome.lastError },
        'a delivery of a webhook is dead',
      );
    }
    const settled = store.settle(delivery.id, outcome, now);
    if (result.kind === 'refused' && result.status === GONE) {
      await store.change(this.webhookId, { status: 'gone' });
      log.warn({ webhook: this.webhookId }, 'a receiver answered 410: its webhook is disabled');
    }
    await settled;
    if (change !== 'back') return;
    if (wasOpen) log.info({ webhook: this.webhookId }, 'the receiver of a webhook is back');
    await store.hasten(this.webhookId, now);
  }

  #outcomeOf(
    delivery: DueDelivery,
    { result, when, now }: Pick<MadeAttempt, 'result' | 'when'> & { readonly now: number },
  ): DeliveryOutcome {
    const lastStatus = result.kind === 'failed' ? null : result.status;
    const attempted = 'yes';
    if (result.kind === 'accepted') return { attempted, lastStatus, lastError: null, state: 'delivered', endedAt: now };
    const said = { attempted, lastStatus, lastError: result.error } as const;
    if (lastStatus === GONE) return { ...said, state: 'dead', endedAt: now };
    // It was not its turn: its schedule stays as it is.
    if (when === 'early')
      return { ...said, state: 'pending', step: delivery.step, nextAttemptAt: delivery.nextAttemptAt };
    return { ...said, ...this.#nextStep(delivery, now, result.kind === 'refused' ? result.retryAfterMs : undefined) };
  }

  #nextStep({ step }: DueDelivery, now: number, atLeastMs = 0) {
    const delayMs = delayAfter(step, this.#parts.spread);
    return delayMs === undefined
      ? ({ state: 'dead', endedAt: now } as const)
      : ({ state: 'pending', step: step + 1, nextAttemptAt: now + Math.max(delayMs, atLeastMs) } as const);
  }
}
