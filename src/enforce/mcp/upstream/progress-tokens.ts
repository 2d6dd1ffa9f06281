/**
 * Tokens under which one server tells how far requests are. They are the gateway's own: the SDK's end with
 * the first answer, and that of a request that became a task is good for as long as it runs (2025-11-25).
 */
import type { Notification, Progress } from '@modelcontextprotocol/client';
import { withoutHopMeta } from '../protocol/meta-keys.ts';

type Params = Readonly<Record<string, unknown>>;
export type HearProgress = (progress: Progress) => void;

export class ProgressTokens {
  readonly #hearing = new Map<number, HearProgress>();
  #given = 0;

  /** While `send` runs, what is told under the token in its parameters is heard; after it, nothing. */
  async during<T, P extends Params | undefined>(
    params: P,
    onprogress: HearProgress | undefined,
    send: (params: P | Params) => Promise<T>,
  ): Promise<T> {
    if (onprogress === undefined) return send(params);
    this.#given += 1;
    const token = this.#given;
    this.#hearing.set(token, onprogress);
    const meta = params?.['_meta'] as Params | undefined;
    try {
      return await send({ ...params, _meta: { ...meta, progressToken: token } });
    } finally {
      this.#hearing.delete(token);
    }
  }

  /** A server told something. Under a token that it was not given, nobody hears it. */
  tell({ params = {} }: Pick<Notification, 'params'>): void {
    const { progressToken, ...progress } = params as { readonly progressToken?: unknown };
    // A server's names for its tasks are not the client's.
    if (typeof progressToken === 'number')
      this.#hearing.get(progressToken)?.(withoutHopMeta(progress) as Progress);
  }
}
