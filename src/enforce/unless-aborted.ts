/** Waits for something no longer than somebody waits for it. */

/** Rejects with `message` as soon as `signal` fires, or where it has fired before. */
export async function unlessAborted<T>(
  signal: AbortSignal,
  awaited: PromiseLike<T>,
  message: string,
): Promise<T> {
  const work = Promise.resolve(awaited);
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Error(message));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, gone]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Whichever of the two lost has nobody who hears of it.
    gone.catch(() => {});
    work.catch(() => {});
  }
}
