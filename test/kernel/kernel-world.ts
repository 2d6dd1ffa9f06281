/**
 * A small world around the kernel: records in memory, a clock set by hand, and a log.
 *
 * It is as strict as an engine may be: a read outside a command's footprint throws, `touched` has
 * to name every record that an event changed, and commands, events and records are frozen.
 */
import assert from 'node:assert/strict';
import {
  apply,
  type Command,
  type Event,
  footprint,
  handle,
  type Handled,
  type PrincipalReference,
  type RecordChange,
  type RecordKind,
  recordKinds,
  type RecordsByKind,
  residentKinds,
  type StateView,
  touched,
  unnamedKinds,
} from '../../src/kernel/index.ts';

export interface LogEntry {
  readonly event: Event;
  readonly by: PrincipalReference;
  readonly at: number;
  readonly index: number;
  readonly command: Command;
}

type Tables = ReadonlyMap<RecordKind, Map<string, unknown>>;

function emptyTables(): Tables {
  return new Map(recordKinds.map((kind) => [kind, new Map<string, unknown>()]));
}

function lookUp<K extends RecordKind>(
  tables: Tables,
  kind: K,
  key: string,
): RecordsByKind[K] | undefined {
  return tables.get(kind)?.get(key) as RecordsByKind[K] | undefined;
}

function put(tables: Tables, changes: readonly RecordChange[]): void {
  for (const { kind, key, value } of changes) tables.get(kind)?.set(key, value);
}

export class KernelWorld {
  now = 1_000_000;
  readonly log: LogEntry[] = [];
  /** Every command so far, refused ones too. */
  readonly commands: Command[] = [];
  /** Called after each event was applied. */
  watch: ((entry: LogEntry) => void) | undefined;
  readonly #tables = emptyTables();

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    return lookUp(this.#tables, kind, key);
  }

  all<K extends RecordKind>(kind: K): readonly RecordsByKind[K][] {
    return [...(this.#tables.get(kind)?.values() ?? [])] as readonly RecordsByKind[K][];
  }

  nextId(): string {
    return `c-${this.commands.length}`;
  }

  submit(command: Command): Handled {
    deepFreeze(command);
    this.commands.push(command);
    const readable = this.#footprintOf(command);
    const view = this.#viewOf(readable);
    const handled = handle(view, command, { now: this.now, index: this.log.length });
    for (const event of handled.events) this.#record(event, command, view, readable);
    return handled;
  }

  /** Starts where another world is. */
  protected continueFrom(other: KernelWorld): void {
    this.now = other.now;
    this.log.push(...other.log);
    this.commands.push(...other.commands);
    for (const [kind, table] of other.#tables) {
      for (const [key, value] of table) this.#tables.get(kind)?.set(key, value);
    }
  }

  /** The records that the log alone gives. */
  fold(): Tables {
    const tables = emptyTables();
    const view: StateView = { get: (kind, key) => lookUp(tables, kind, key) };
    for (const { event, by, at, index } of this.log) {
      put(tables, apply(view, event, { index, at, by }));
    }
    return tables;
  }

  /** A copy of all records, to see whether anything changed. */
  snapshot(): Tables {
    return new Map([...this.#tables].map(([kind, table]) => [kind, new Map(table)]));
  }

  assertFoldsToItself(): void {
    assert.deepStrictEqual(this.fold(), this.#tables);
  }

  #record(event: Event, command: Command, view: StateView, readable: Set<string>): void {
    deepFreeze(event);
    const index = this.log.length;
    const { by } = command;
    const changes = apply(view, event, { index, at: this.now, by });
    const named = new Set(touched(event).map(({ kind, key }) => nameOf(kind, key)));
    const changed = changes.map(({ kind, key }) => nameOf(kind, key));
    assert.equal(new Set(changed).size, changed.length, `${event.type} changes a record twice`);
    for (const name of changed) {
      const isUnnamed = unnamedKinds.some((kind) => name.startsWith(`${kind} `));
      assert.ok(isUnnamed || named.has(name), `touched(${event.type}) does not name ${name}`);
      readable.add(name);
    }
    for (const { value } of changes) deepFreeze(value);
    put(this.#tables, changes);
    const entry = { event, by, at: this.now, index, command };
    this.log.push(entry);
    this.watch?.(entry);
  }

  /** `footprint` asked until it names nothing new, with only the records loaded so far in sight. */
  #footprintOf(command: Command): Set<string> {
    const loaded = new Set<string>();
    for (;;) {
      const before = loaded.size;
      const peek = <K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined =>
        residentKinds.has(kind) || loaded.has(nameOf(kind, key)) ? this.get(kind, key) : undefined;
      const names = footprint(command, peek, this.now);
      for (const { kind, key } of names) loaded.add(nameOf(kind, key));
      if (loaded.size === before) return loaded;
    }
  }

  #viewOf(readable: ReadonlySet<string>): StateView {
    return {
      get: (kind, key) => {
        const name = nameOf(kind, key);
        if (!residentKinds.has(kind) && !readable.has(name)) {
          throw new Error(`a record outside the footprint was read: ${name}`);
        }
        return this.get(kind, key);
      },
    };
  }
}

function nameOf(kind: RecordKind, key: string): string {
  return `${kind} ${key}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze<unknown>(member);
  return Object.freeze(value);
}
