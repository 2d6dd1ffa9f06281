/** Reads of the store, with their failures in the engine's words. */
import { StorageError } from '../storage/storage.ts';
import { fault } from './error.ts';

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
  return fault(code, `${failure.code}: ${failure.message}`, failure);
}
