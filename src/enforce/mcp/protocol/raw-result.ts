/**
 * A result as it came. The SDK holds results against schemas of its own and leaves out what it does not
 * know; a gateway passes on what it did not ask for.
 */
import type { StandardSchemaV1 } from '@modelcontextprotocol/client';

export type RawResult = { readonly [member: string]: unknown };

export const rawResult: StandardSchemaV1<unknown, RawResult> = {
  '~standard': {
    version: 1,
    vendor: 'agent-control-plane',
    validate: (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? { value: value as RawResult }
        : { issues: [{ message: 'a result is an object' }] },
  },
};
