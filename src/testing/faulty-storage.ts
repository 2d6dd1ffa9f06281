/**
 * A store that fails on purpose: it wraps any `Storage` and injects, by a plan, what networks and
 * disks do.
 *
 *   refused               the call fails before anything happened (an append may claim doubt all
 *                         the same)
 *   lost acknowledgement  the append happens, and then the caller is told that nobody knows
 *   late                  the caller is told that nobody knows, and the append happens some time
 *                         after that
 *   slow                  the call waits before it takes effect, before its answer arrives, or both
 *   paused                calls stand still, as those of a stopped process do, until `resume`
 *   crashed               every call rejects for good; what was under way may or may not have
 *                         happened
 *
 * With a seeded plan and a fake clock the same seed fails in the same way at the same calls.
 */
import type { Clock } from '../engine/index.ts';
import { StorageError, type StorageErrorCode } from '../storage/storage.ts';
import type { AppendResult, Batch, Head, RecordKey, RecordQuery } from '../storage/storage.ts';
import type {
  Storage,
  StoredContent,
  StoredEntry,
  StoredRecord,
  Turns,
} from '../storage/storage.ts';
import type { Random } from './random.ts';

export type FaultyCall =
  | Exclude<keyof Storage, 'name' | 'durable' | 'turns'>
  | 'take'
  | 'entrust'
  | 'reclaim';

/** What happens to one call. */
export interface Fault {
  readonly kind: 'none' | 'refused' | 'lost-acknowledgement' | 'late';
  readonly code?: StorageErrorCode;
  /** For a refused append: whether the error claims doubt. */
  readonly ambiguous?: boolean;
  /** How long the call takes to reach the store. */
  readonly beforeMs?: number;
  /** How long its answer takes. */
  readonly afterMs?: number;
  /** For a late append: how long after its error it happens. */
  readonly lateMs?: number;
}

/** Decides the fate of each call, in the order in which they are made. */
export interface FaultPlan {
  next(call: FaultyCall): Fault;
}

/** How often what happens: probabilities from 0 to 1. May be changed while a plan is in use. */
export interface FaultRates {
  /** Appends that are refused, and known not to have happened; and parcels that are not left. */
  refused: number;
  /** Appends that are refused, and could have happened for all that the caller is told. */
  refusedInDoubt: number;
  /** Appends that happen, and could not have happened for all that the caller is told. */
  lostAcknowledgement: number;
  /** Appends that happen after the caller was told that they may have. */
  late: number;
  /** Reads that fail. */
  readFails: number;
  /** Calls that take time. */
  slow: number;
  slowMsMax: number;
}

export const noFaults: Readonly<FaultRates> = Object.freeze({
  refused: 0,
  refusedInDoubt: 0,
  lostAcknowledgement: 0,
  late: 0,
  readFails: 0,
  slow: 0,
  slowMsMax: 0,
});

export function seededFaults(random: Random, rates: FaultRates): FaultPlan {
  return {
    next(call) {
      const fate = random.next();
      const slow = random.chance(rates.slow)
        ? {
            beforeMs: random.integer(0, rates.slowMsMax),
            afterMs: random.integer(0, rates.slowMsMax),
          }
        : {};
      if (call === 'close') return { kind: 'none' };
      if (call !== 'append' && call !== 'entrust') {
        const fails = fate < rates.readFails;
        return fails
          ? { kind: 'refused', code: 'unavailable', ...slow }
          : { kind: 'none', ...slow };
      }
      const { refused, refusedInDoubt, lostAcknowledgement, late } = rates;
      if (fate < refused) return { kind: 'refused', code: 'busy', ...slow };
      if (fate < refused + refusedInDoubt) {
        return { kind: 'refused', code: 'io', ambiguous: true, ...slow };
      }
      if (fate < refused + refusedInDoubt + lostAcknowledgement) {
        return { kind: 'lost-acknowledgement', code: 'unavailable', ...slow };
      }
      if (fate < refused + refusedInDoubt + lostAcknowledgement + late) {
        const lateMs = random.integer(1, Math.max(1, rates.slowMsMax));
        return { kind: 'late', code: 'unavailable', lateMs, ...slow };
      }
      return { kind: 'none', ...slow };
    },
  };
}

export class FaultyStorage implements Storage {
  readonly name: string;
  readonly durable: boolean;
  readonly #inner: Storage;
  readonly #plan: FaultPlan;
  readonly #clock: Clock;
  #crashed = false;
  /** Settles when a pause ends; undefined while calls flow. */
  #pause: { readonly ended: Promise<void>; readonly end: () => void } | undefined;

  constructor(inner: Storage, plan: FaultPlan, clock: Clock) {
    this.#inner = inner;
    this.#plan = plan;
    this.#clock = clock;
    this.name = `faulty ${inner.name}`;
    this.durable = inner.durable;
  }

  get turns(): Turns | undefined {
    const { turns } = this.#inner;
    if (turns === undefined) return undefined;
    return {
      wanted: turns.wanted,
      kept: turns.kept,
      take: (from, keys, own) =>
        this.#call('take', () => turns.take(from, keys, own)).catch(() => undefined),
      leave: () => turns.leave(),
      entrust: (parcel, query) =>
        this.#call('entrust', () => turns.entrust(parcel, query)).catch(() => undefined),
      reclaim: (own) => this.#call('reclaim', () => turns.reclaim(own)),
    };
  }

  open(log: string, onAppended?: () => void): Promise<Head> {
    return this.#call('open', () => this.#inner.open(log, onAppended));
  }

  append(batch: Batch): Promise<AppendResult> {
    return this.#call('append', () => this.#inner.append(batch));
  }

  head(): Promise<Head> {
    return this.#call('head', () => this.#inner.head());
  }

  readEntries(from: number, limit: number): Promise<readonly StoredEntry[]> {
    return this.#call('readEntries', () => this.#inner.readEntries(from, limit));
  }

  readContents(from: number, to: number): Promise<readonly StoredContent[]> {
    return this.#call('readContents', () => this.#inner.readContents(from, to));
  }

  readRecords(
    keys: readonly RecordKey[],
  ): Promise<{ readonly head: Head; readonly records: readonly StoredRecord[] }> {
    return this.#call('readRecords', () => this.#inner.readRecords(keys));
  }

  scanRecords(
    query: RecordQuery,
  ): Promise<{ readonly head: Head; readonly records: readonly StoredRecord[] }> {
    return this.#call('scanRecords', () => this.#inner.scanRecords(query));
  }

  close(): Promise<void> {
    return this.#call('close', () => this.#inner.close());
  }

  /** The process is gone: whoever holds this handle hears nothing but errors from here on. */
  crash(): void {
    this.#crashed = true;
    this.resume();
  }

  /** The process is stopped: its calls stand still, at whatever point they are. */
  pause(): void {
    this.#pause ??= newPause();
  }

  resume(): void {
    this.#pause?.end();
    this.#pause = undefined;
  }

  async #call<T>(call: FaultyCall, work: () => Promise<T>): Promise<T> {
    const fault = this.#plan.next(call);
    await this.#passage(fault.beforeMs);
    this.#assertAlive(call);
    if (fault.kind === 'refused') throw this.#error(call, fault, fault.ambiguous ?? false);
    if (fault.kind === 'late') {
      this.#clock.after(fault.lateMs ?? 1, () => void work().catch(() => undefined));
      throw this.#error(call, fault, true);
    }
    const result = await work();
    await this.#passage(fault.afterMs);
    this.#assertAlive(call);
    if (fault.kind === 'lost-acknowledgement') throw this.#error(call, fault, true);
    return result;
  }

  async #passage(ms = 0): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
    while (this.#pause !== undefined) await this.#pause.ended;
  }

  #assertAlive(call: FaultyCall): void {
    if (!this.#crashed) return;
    const ambiguous = call === 'append';
    throw new StorageError('unavailable', `${this.name}: crashed`, { ambiguous });
  }

  #error(
    call: FaultyCall,
    { kind, code = 'unavailable' }: Fault,
    ambiguous: boolean,
  ): StorageError {
    return new StorageError(code, `${this.name}: \`${call}\` ${kind} on purpose`, { ambiguous });
  }
}

function newPause(): { readonly ended: Promise<void>; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { ended: promise, end: resolve };
}
