/**
 * State rebuilt from nothing but events: what verification and replay look at.
 *
 * A log of a million events has half a million decisions, nearly all of them settled for good: nothing can
 * happen to them any more, and nothing reads them. `verify` takes those over. Where they are kept, it is as
 * the text of the tables and outside of the heap: the garbage collector took twice as long with them in it.
 */
import { isLive, type RecordChange, type RecordKind } from '../../kernel/index.ts';
import type { RecordsByKind, StateView } from '../../kernel/index.ts';
import type { StoredRecord } from '../../storage/storage.ts';
import { RecordMap } from '../store/record-map.ts';
import { toStored } from '../store/stored-record.ts';

/** Kinds of which there are many, and which hardly ever change once they are not live. */
const archivedKinds: ReadonlySet<RecordKind> = new Set(['decision', 'ticket', 'command']);

/** Texts are put one after the other into pieces of this size. */
const pieceBytes = 4_194_304;

/** A record, and whether it was compared with the tables since it last changed. */
interface Kept {
  readonly record: RecordChange | ArchivedRecord;
  compared: boolean;
}

export class Fold implements StateView {
  /** Takes over a decision that is settled for good, as it has to be in the tables; false leaves it here. */
  settled: ((record: StoredRecord) => boolean) | undefined;
  readonly #records = new RecordMap<Kept>();
  #piece = Buffer.alloc(0);
  #end = 0;

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    const record = this.#records.get(kind, key)?.record;
    if (!(record instanceof ArchivedRecord)) return record?.value as RecordsByKind[K] | undefined;
    if (kind === 'decision') throw new Error(`assertion: decision ${key} is settled for good`);
    return JSON.parse(record.stored(kind, key).value) as RecordsByKind[K];
  }

  put(change: RecordChange): void {
    const { kind, key } = change;
    if (!canBeArchived(change)) {
      this.#records.set(kind, key, { record: change, compared: false });
      return;
    }
    const stored = toStored(change);
    if (kind === 'decision' && this.settled?.(stored) === true) this.#records.delete(kind, key);
    else this.#records.set(kind, key, { record: this.#archived(stored), compared: false });
  }

  has(kind: RecordKind, key: string): boolean {
    return this.#records.has(kind, key);
  }

  /** A record as it has to be in the tables; from now on it counts as compared. */
  expected(kind: RecordKind, key: string): StoredRecord | undefined {
    const kept = this.#records.get(kind, key);
    if (kept === undefined) return undefined;
    kept.compared = true;
    const { record } = kept;
    return record instanceof ArchivedRecord ? record.stored(kind, key) : toStored(record);
  }

  /** Keys of the records that were not compared as they are now. */
  *notCompared(kind: RecordKind): IterableIterator<string> {
    for (const [key, { compared }] of this.#records.of(kind)) if (!compared) yield key;
  }

  #archived({ parent, value: text }: StoredRecord): ArchivedRecord {
    const bytesMax = 3 * text.length;
    if (this.#end + bytesMax > this.#piece.length) {
      this.#piece = Buffer.allocUnsafeSlow(Math.max(bytesMax, pieceBytes));
      this.#end = 0;
    }
    const start = this.#end;
    this.#end += this.#piece.write(text, start);
    return new ArchivedRecord(parent, this.#piece, start, this.#end);
  }
}

/** Whether nothing changes it, or hardly ever. Of a permit that was given up, more may still be told. */
function canBeArchived(change: RecordChange): boolean {
  if (!archivedKinds.has(change.kind) || isLive(change)) return false;
  return change.kind !== 'decision' || change.value.late !== 'awaited';
}

/** A record that is not live, as its parent and its value's text. */
class ArchivedRecord {
  readonly #parent: string;
  readonly #piece: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor(parent: string, piece: Buffer, start: number, end: number) {
    this.#parent = parent;
    this.#piece = piece;
    this.#start = start;
    this.#end = end;
  }

  stored(kind: RecordKind, key: string): StoredRecord {
    const value = this.#piece.toString('utf8', this.#start, this.#end);
    return { kind, key, parent: this.#parent, live: false, value };
  }
}
