/**
 * Where the code of the store's thread is. In the package this module has the code itself, as text (see
 * `scripts/build.ts`): a program that was bundled has no file beside it that a thread could be started from.
 */
export const sqliteWorkerCode: URL | string = new URL('./sqlite-worker.ts', import.meta.url);
