/**
 * The dispatcher: tells notifiers what the log says happened. The log is the outbox. What was not committed
 * is not in it and is never sent; what was committed is sent after a restart too, from where the notifier's
 * cursor, itself a record of the log, stands.
 *
 * Each notifier has a lane of its own: one that is slow or fails holds up neither another one nor the write
 * path. Within a lane notifications are sent one after the other, in the order of the log.
 */
import { isName, limits, quoted, systemPrincipal } from '../../kernel/index.ts';
import { readEntry } from '../../log/index.ts';
import { isNotifiable, type Notifier, type NotifierOptions } from '../../notify/notifier.ts';
import { entryPages } from '../store/entry-pages.ts';
import type { PlacedEvent } from '../store/placed-event.ts';
import type { Core } from '../core/core.ts';
import { attemptDelivery, checkedTerms, pause, retryDelayMs } from './delivery.ts';
import { fault, thrownText } from '../error.ts';
import { assertObject } from '../known-members.ts';
import { notificationOf, orgOf } from './notification.ts';
import { committed } from '../core/payload.ts';
import { placedEvent } from '../store/placed-event.ts';

/** Waits after the store failed, ms. */
const storeDelayMsMin = 250;
const storeDelayMsMax = 30_000;

/**
 * Starts a lane for each notifier; they stop when the control plane closes. A notifier that the log does
 * not know begins with what is committed after this. Throws `input-invalid` where notifiers cannot be used
 * together.
 */
export async function startNotifiers(core: Core, notifiers: readonly Notifier[]): Promise<void> {
  const names = new Set<string>();
  if (notifiers.length > limits.notifiersMax) {
    throw fault('input-invalid', `a control plane has at most ${limits.notifiersMax} notifiers`);
  }
  for (const notifier of notifiers) {
    const { name } = checkedNotifier(notifier);
    if (names.has(name)) throw fault('input-invalid', `two notifiers are named ${quoted(name)}`);
    names.add(name);
  }
  for (const notifier of notifiers) {
    const { cache, head } = core.options.replica;
    if (cache.peek('notifier', notifier.name) === undefined) {
      await advance(core, notifier.name, head.size);
    }
  }
  for (const notifier of notifiers) new Lane(core, notifier).start();
}

/**
 * Throws `input-invalid`. Nothing heeds a list of orgs or events beside `wants`: whoever is put together with
 * one would be told of every org. What a class has is its own.
 */
function checkedNotifier(notifier: Notifier): Notifier {
  assertObject('a notifier', notifier);
  const { name } = notifier;
  if (!isName(name)) throw fault('input-invalid', `${quoted(name)} is no name of a notifier`);
  const given: Partial<Record<keyof NotifierOptions | keyof Notifier, unknown>> = notifier;
  if (typeof given.wants !== 'function' || typeof given.deliver !== 'function') {
    throw fault('input-invalid', `notifier ${quoted(name)} cannot be asked or told`);
  }
  const isOfClass = Object.getPrototypeOf(notifier) !== Object.prototype;
  for (const list of ['orgs', 'events'] as const) {
    if (isOfClass || given[list] === undefined) continue;
    const message = `notifier ${quoted(name)} has \`${list}\`, which its \`wants\` has to heed`;
    throw fault('input-invalid', message);
  }
  checkedTerms(notifier);
  return notifier;
}

async function advance(core: Core, notifier: string, cursor: number): Promise<void> {
  await core.submit(systemPrincipal, { kind: 'advance-notifier', notifier, cursor }, 'notifier');
}

class Lane {
  readonly #core: Core;
  readonly #notifier: Notifier;
  readonly #closing = new AbortController();
  /** Index of the next entry to look at. */
  #position: number;
  /** Whether something may have been committed that the last read did not see. */
  #isStale = true;
  /** Ends the wait for news, where the lane waits. */
  #wake: (() => void) | undefined;

  constructor(core: Core, notifier: Notifier) {
    this.#core = core;
    this.#notifier = notifier;
    this.#position = this.#cursor;
  }

  start(): void {
    const stop = this.#core.listen((events) => this.#hear(events));
    const done = this.#run();
    this.#core.beforeClose(async () => {
      stop();
      this.#closing.abort(new Error('the control plane is closing'));
      this.#wake?.();
      await done;
    });
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Where the log says that it stands, by this or another process. */
  get #cursor(): number {
    return this.#core.options.replica.cache.peek('notifier', this.#notifier.name)?.cursor ?? 0;
  }

  /** While the lane waits for news, entries that are none of its business are passed without a read. */
  #hear(events: readonly PlacedEvent[]): void {
    const [first] = events;
    const isNext = first?.index === this.#position && this.#wake !== undefined;
    const isPassed = isNext && !events.some(({ event }) => isNotifiable(event.type));
    if (isPassed) this.#position += events.length;
    if (isPassed && !this.#isFarBehind) return;
    this.#isStale = true;
    this.#wake?.();
  }

  get #isFarBehind(): boolean {
    return this.#position - this.#cursor >= limits.notifierBehindMax;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isClosing;) {
      try {
        await this.#readOn();
        failures = 0;
        await this.#news();
      } catch (failure) {
        if (failures === 0 && !this.#isClosing) this.#warn(failure);
        failures += 1;
        const delayMs = Math.min(storeDelayMsMin * 2 ** failures, storeDelayMsMax);
        await pause(this.#core.options.clock, delayMs, this.#closing.signal);
      }
    }
  }

  /** Reads to the end of the log, and sends what is wanted on the way. Throws where an entry is missing. */
  async #readOn(): Promise<void> {
    this.#isStale = false;
    this.#position = Math.max(this.#position, this.#cursor);
    await this.#keepUp();
    for await (const entries of entryPages(this.#core.options.storage, this.#position)) {
      for (const { index, body } of entries) {
        const placed = placedEvent(readEntry(body));
        if (isNotifiable(placed.event.type)) await this.#tell(placed);
        // CRASH: what was delivered and is not recorded is sent again, with the same id.
        if (this.#isClosing) return;
        this.#position = index + 1;
      }
      await this.#keepUp();
    }
  }

  async #keepUp(): Promise<void> {
    if (this.#isFarBehind) await advance(this.#core, this.#notifier.name, this.#position);
  }

  #news(): Promise<void> {
    if (this.#isStale || this.#isClosing) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Sends one notification until it is delivered, given up, or recorded by another process. */
  async #tell(placed: PlacedEvent): Promise<void> {
    const { options } = this.#core;
    const notification = notificationOf(options.log, this.#notifier.name, placed, {
      org: await orgOf(options, placed),
    });
    const { attemptsMax } = checkedTerms(this.#notifier);
    for (let attempt = 1; !this.#isClosing && placed.index >= this.#cursor; attempt += 1) {
      const attempted = { ...notification, attempt, attemptedAt: options.clock.now() };
      const outcome = await attemptDelivery(
        this.#notifier,
        attempted,
        options.clock,
        this.#closing.signal,
      );
      if (outcome === 'unwanted') return;
      if (outcome === 'delivered') return this.#record(placed.index, attempt, undefined);
      if (this.#isClosing) return;
      if (attempt >= attemptsMax) return this.#record(placed.index, attempt, outcome.problem);
      const delayMs = retryDelayMs(this.#notifier, attempt);
      await pause(options.clock, delayMs, this.#closing.signal);
    }
  }

  /** Records the outcome, as often as the store fails: what was delivered is not sent again for that. */
  async #record(entry: number, attempts: number, problem: string | undefined): Promise<void> {
    const { clock, ids } = this.#core.options;
    const outcome = problem === undefined ? 'delivered' : 'abandoned';
    const notifier = this.#notifier.name;
    for (let failures = 0; ; failures += 1) {
      try {
        await this.#core.submit(
          systemPrincipal,
          { kind: 'record-delivery', notifier, entry, outcome, attempts },
          'notifier',
          committed(ids, { problem }),
        );
        return;
      } catch (failure) {
        if (failures === 0) this.#warn(failure);
        if (this.#isClosing) return;
        const delayMs = Math.min(storeDelayMsMin * 2 ** failures, storeDelayMsMax);
        await pause(clock, delayMs, this.#closing.signal);
        if (this.#isClosing) return;
      }
    }
  }

  #warn(failure: unknown): void {
    const { name } = this.#notifier;
    process.emitWarning(`notifier ${quoted(name)} has to wait: ${thrownText(failure)}`);
  }
}
