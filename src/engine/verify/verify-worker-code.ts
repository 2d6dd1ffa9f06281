/**
 * Where the code of the thread that hashes is. In the package this module has the code itself, as text (see
 * `scripts/build.ts`): a program that was bundled has no file beside it that a thread could be started from.
 */
export const verifyWorkerCode: URL | string = new URL('./verify-worker.ts', import.meta.url);
