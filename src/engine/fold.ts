/** State rebuilt from nothing but events: what verification and replay look at. */
import type { RecordChange, RecordKind, RecordsByKind, StateView } from '../kernel/index.ts';
import { RecordMap } from './record-map.ts';

export class Fold implements StateView {
  readonly records = new RecordMap<RecordChange>();

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    return this.records.get(kind, key)?.value as RecordsByKind[K] | undefined;
  }

  put(change: RecordChange): void {
    this.records.set(change.kind, change.key, change);
  }
}
