/**
 * The lock that is the queue for a log's head: whoever has it has the turn, and who asks for a shared one
 * waits for the end of a turn.
 */
import type { SchemaName } from './schema-name.ts';

/** How long to wait for it, ms. */
export const turnWaitMs = 2_000;

/**
 * What `append` answers where nothing was written for another reason than the log's size: somebody else has
 * the turn, a parcel does not wait, or the last entry is another one.
 */
export const notAppended = -1;

/** The two keys of the advisory lock that is the queue for a log's head. */
export function turnLock(schema: SchemaName, log: string): string {
  return `hashtext('${schema}'), ${log}`;
}
