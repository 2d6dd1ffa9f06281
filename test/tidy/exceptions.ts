/** Files and functions that may be longer than the norm, each with the reason. */
import type { SizeException } from './sizes.ts';

export const sizeExceptions: readonly SizeException[] = [];
