/** Reads of the store, with their failures in the engine's words. */
import {
  isQualifiedName,
  type RecordKind,
  type RecordsByKind,
  type SessionRecord,
  type TicketRecord,
} from '../../kernel/index.ts';
import { type Storage, StorageError } from '../../storage/storage.ts';
import { fault } from '../error.ts';
import { isStorable } from './parcel.ts';
import { fromStored } from './stored-record.ts';

/** A read of the store, with its failure in the engine's words. */
export async function reading<T>(
  read: Promise<T>,
  code: ReadFault = 'store-unavailable',
): Promise<T> {
  try {
    return await read;
  } catch (failure) {
    throw readFault(failure, code);
  }
}

export type ReadFault = 'store-unavailable' | 'outcome-unknown';

export function readFault(failure: unknown, code: ReadFault): unknown {
  if (!StorageError.is(failure)) return failure;
  // Whoever asked again would be told the same for ever.
  if (failure.code === 'closed') return fault('closed');
  return fault(code, `${failure.code}: ${failure.message}`, failure);
}

/** A text that is kept beside an entry, or undefined where it was erased or there never was one. */
export async function contentText(
  storage: Storage,
  index: number,
  field: string,
): Promise<string | undefined> {
  const contents = await storage.readContents(index, index + 1);
  return contents.find((content) => content.field === field)?.text;
}

/** A record as the store has it, live or not; undefined also for what can be the key of none. */
export async function storedRecord<K extends RecordKind>(
  storage: Storage,
  kind: K,
  key: string,
): Promise<RecordsByKind[K] | undefined> {
  if (!isStorable(key)) return undefined;
  const { records } = await storage.readRecords([{ kind, key }]);
  const [change] = await fromStored(storage, records);
  return change?.value as RecordsByKind[K] | undefined;
}

/** A session as the store has it, live or not. */
export function storedSession(storage: Storage, key: string): Promise<SessionRecord | undefined> {
  return reading(storedRecord(storage, 'session', key));
}

/** A ticket as the store has it, whatever became of it; undefined also for what cannot be the id of one. */
export async function storedTicket(
  storage: Storage,
  key: string,
): Promise<TicketRecord | undefined> {
  return isQualifiedName(key) ? reading(storedRecord(storage, 'ticket', key)) : undefined;
}

/** What the digests of a session's arguments are keyed with. Throws `input-invalid` where it was erased. */
export async function sessionSecret(
  storage: Storage,
  { openedIndex }: SessionRecord,
  code: ReadFault = 'store-unavailable',
): Promise<string> {
  const secret = await reading(contentText(storage, openedIndex, 'secret'), code);
  if (secret === undefined) throw fault('input-invalid', 'the session’s secret was erased');
  return secret;
}
