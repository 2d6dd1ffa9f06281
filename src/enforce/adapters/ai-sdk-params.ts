/**
 * What a model is called with, taken once: between the decision and the call there may be an approver, and
 * whoever made the call still holds what its messages, tools and options are made of.
 */
import type { CallParams } from './ai-sdk-types.ts';

/** Of what is no plain data, bytes and addresses are copied alone: the signal is the caller’s own. */
export function takenOnce(params: CallParams): CallParams {
  const taken = Object.entries(params).map(([name, value]) => [name, copied(value)] as const);
  return Object.fromEntries(taken) as CallParams;
}

function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof URL) return new URL(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copied(each)]));
}
