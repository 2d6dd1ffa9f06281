/**
 * Tokens under which one peer tells how far requests are. They are the gateway's own: the SDK's end with the
 * first answer, and that of a request that became a task is good for as long as it runs (2025-11-25).
 */
import type { Notification, Progress } from '@modelcontextprotocol/client';
import { withoutHopMeta } from './meta-keys.ts';

type Params = Readonly<Record<string, unknown>>;
export type HearProgress = (progress: Progress) => void;

export class ProgressTokens {
  readonly #hearing = new Map<number, HearProgress>();
  #given = 0;

  /** Parameters with a token under which is heard what is told until `end`. */
  open(params: Params | undefined, onprogress: HearProgress): OpenProgress {
    this.#given += 1;
    const token = this.#given;
    this.#hearing.set(token, onprogress);
    const meta = params?.['_meta'] as Params | undefined;
    return {
      params: { ...params, _meta: { ...meta, progressToken: token } },
      end: () => void this.#hearing.delete(token),
    };
  }

  /** While `send` runs, what is told under the token in its parameters is heard; after it, nothing. */
  async during<T, P extends Params | undefined>(
    params: P,
    onprogress: HearProgress | undefined,
    send: (params: P | Params) => Promise<T>,
  ): Promise<T> {
    if (onprogress === undefined) return send(params);
    const open = this.open(params, onprogress);
    return send(open.params).finally(open.end);
  }

  /** A peer told something. Under a token that it was not given, nobody hears it. */
  tell({ params = {} }: Pick<Notification, 'params'>): void {
    const { progressToken, ...progress } = params as { readonly progressToken?: unknown };
    // A peer's names for its tasks are nobody else's.
    if (typeof progressToken === 'number')
      this.#hearing.get(progressToken)?.(withoutHopMeta(progress) as Progress);
  }
}

export interface OpenProgress {
  readonly params: Params;
  readonly end: () => void;
}
