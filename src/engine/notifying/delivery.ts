/** One attempt to deliver a notification, and how long to wait for the next. */
import { limits, quoted } from '../../kernel/index.ts';
import type { Notification, Notifier, RetryTerms } from '../../notify/notifier.ts';
import type { Clock } from '../clock.ts';
import { fault, thrownMessage } from '../error.ts';

const usualTerms = {
  attemptsMax: 12,
  firstDelayMs: 1_000,
  delayMsMax: 600_000,
  timeoutMs: 10_000,
} as const;
const waitMsMax = 86_400_000;
const problemLengthMax = 512;

type Terms = Required<RetryTerms> & { readonly timeoutMs: number };

/** A notifier's terms with what it left out; throws `input-invalid` where one is out of range. */
export function checkedTerms({ name, timeoutMs, retry }: Notifier): Terms {
  const given = { ...retry, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const terms: Terms = { ...usualTerms, ...given };
  for (const [term, value] of Object.entries(terms)) {
    const max = term === 'attemptsMax' ? limits.notificationAttemptsMax : waitMsMax;
    if (!Object.hasOwn(usualTerms, term) || !Number.isInteger(value) || value < 1 || value > max) {
      throw fault('input-invalid', `\`${term}\` of notifier ${quoted(name)} is not 1 to ${max}`);
    }
  }
  return terms;
}

/**
 * The wait after a failed attempt, ms: doubled each time up to a bound, and less up to a half by chance, so
 * that processes that failed together do not come back together.
 */
export function retryDelayMs(notifier: Notifier, attempt: number): number {
  const { firstDelayMs, delayMsMax } = checkedTerms(notifier);
  const delayMs = Math.min(firstDelayMs * 2 ** (attempt - 1), delayMsMax);
  return Math.ceil(delayMs * (1 - Math.random() / 2));
}

type AttemptOutcome = 'delivered' | 'unwanted' | { readonly problem: string };

/** Never throws. A notifier that does not heed its signal is not waited for. */
export async function attemptDelivery(
  notifier: Notifier,
  notification: Notification,
  clock: Clock,
  closing: AbortSignal,
): Promise<AttemptOutcome> {
  const { timeoutMs } = checkedTerms(notifier);
  const overdue = new AbortController();
  const late = new Error(`it took longer than ${timeoutMs} ms`);
  const cancel = clock.after(timeoutMs, () => overdue.abort(late));
  const signal = AbortSignal.any([overdue.signal, closing]);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(signal.reason as Error);
  try {
    const wanted: unknown = notifier.wants(notification);
    // A promise is no answer, and would be taken for a yes.
    if (typeof wanted !== 'boolean') throw new Error('`wants` answered neither true nor false');
    if (!wanted) return 'unwanted';
    // Not before: a filter may close the control plane too.
    signal.throwIfAborted();
    const deliver = async (): Promise<void> => notifier.deliver(notification, signal);
    // The signal is listened to first: a notifier may close the control plane before it returns a promise.
    signal.addEventListener('abort', giveUp, { once: true });
    await Promise.race([aborted, deliver()]);
    return 'delivered';
  } catch (failure) {
    return { problem: problemText(failure) };
  } finally {
    cancel();
    // A signal made of others that is listened to is kept for as long as those live.
    signal.removeEventListener('abort', giveUp);
  }
}

/** What is kept beside the log of a failure: one text of bounded length that can be stored. */
function problemText(failure: unknown): string {
  const text = thrownMessage(failure).toWellFormed().replaceAll('\0', '').trim();
  if (text === '') return 'the notifier gave no reason';
  return text.length > problemLengthMax ? `${text.slice(0, problemLengthMax)}...` : text;
}

/** Resolves after `delayMs`, or when the signal fires. Does not keep a process alive. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const onAbort = (): void => {
      cancel();
      resolve();
    };
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
