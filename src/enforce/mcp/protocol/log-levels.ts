/**
 * What a client of 2026-07-28 hears of servers' logs: each of its requests may name a level, which counts for
 * as long as the request runs. A client that names none hears nothing. (One of 2025 sets a level for good.)
 */
import type { LoggingLevel, Notification } from '@modelcontextprotocol/client';
import { LOG_LEVEL_META_KEY, type ServerContext } from '@modelcontextprotocol/server';

/** From the most talkative on. */
const levels: readonly LoggingLevel[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];

export const logMessage = 'notifications/message';

function levelNamedBy({ envelope }: ServerContext['mcpReq']): LoggingLevel | undefined {
  const named = (envelope as Readonly<Record<string, unknown>> | undefined)?.[LOG_LEVEL_META_KEY];
  return levels.find((level) => level === named);
}

/** Whether a server that tells what is at `set` or above tells too little for `wanted`. */
export function isQuieter(set: LoggingLevel | undefined, wanted: LoggingLevel): boolean {
  return set === undefined || levels.indexOf(set) > levels.indexOf(wanted);
}

interface Listening {
  readonly level: LoggingLevel;
  readonly notify: (notification: Notification) => Promise<void>;
}

export class LogLevels {
  readonly #listening: Listening[] = [];

  /** The level that a request names counts while it is answered; what it hears goes with its answer. */
  async during<T>(
    { mcpReq }: ServerContext,
    work: (level: LoggingLevel | undefined) => T | Promise<T>,
  ): Promise<T> {
    const level = levelNamedBy(mcpReq);
    if (level === undefined) return work(level);
    const listening = { level, notify: (said: Notification) => mcpReq.notify(said) };
    this.#listening.push(listening);
    try {
      return await work(level);
    } finally {
      this.#listening.splice(this.#listening.indexOf(listening), 1);
    }
  }

  /**
   * Tells a request that wants to hear it; which of several it is about, servers do not say. What has no
   * level that there is, nobody asked for.
   */
  tell(message: Notification): void {
    const { method, params } = message;
    const said = levels.findIndex((level) => level === params?.['level']);
    const listening = this.#listening.find(({ level }) => said >= levels.indexOf(level));
    // A client that went away hears nothing.
    listening?.notify(params === undefined ? { method } : { method, params }).catch(() => {});
  }
}
