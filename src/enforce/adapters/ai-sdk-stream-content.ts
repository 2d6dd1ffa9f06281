/** What a stream gave, put together as the content of an answer that was generated at once. */
import type { Generated, StreamPart } from './ai-sdk-types.ts';

type Content = Generated['content'][number];
type Delta = Extract<StreamPart, { readonly type: 'text-delta' | 'reasoning-delta' }>;

/** Parts of a stream that are parts of its content as they are. */
const whole: ReadonlySet<string> = new Set([
  'tool-call',
  'tool-result',
  'tool-approval-request',
  'source',
  'file',
  'reasoning-file',
  'custom',
]);

/** A part of the content of a stream: as it was, or put together. */
export type Kept = Content | Grown;

interface Grown {
  readonly type: 'text' | 'reasoning';
  readonly text: string;
}

/** Parts that say nothing of what the model said. */
const framing: ReadonlySet<string> = new Set(['stream-start', 'response-metadata']);

export class StreamContent {
  readonly #parts: Kept[] = [];
  readonly #growing = new Map<string, { type: 'text' | 'reasoning'; text: string }>();

  add(part: StreamPart): void {
    if (part.type === 'text-delta' || part.type === 'reasoning-delta') this.#grow(part);
    else if (whole.has(part.type)) this.#parts.push(part as Content);
  }

  #grow({ type, id, delta }: Delta): void {
    const kind = type === 'text-delta' ? 'text' : 'reasoning';
    const key = `${kind} ${id}`;
    const known = this.#growing.get(key);
    if (known !== undefined) {
      known.text += delta;
      return;
    }
    const begun = { type: kind, text: delta } as const;
    const growing = { ...begun };
    this.#growing.set(key, growing);
    this.#parts.push(growing);
  }

  get parts(): readonly unknown[] {
    return this.#parts;
  }
}

/** The stream of a content that is not as it was held: nothing that was said is taken from what was held. */
export function streamOf(held: readonly StreamPart[], content: readonly Kept[]): StreamPart[] {
  const framed = held.filter(({ type }) => framing.has(type));
  const said = content.flatMap((part, position): StreamPart[] => {
    if (part.type !== 'text' && part.type !== 'reasoning') return [part as StreamPart];
    const { type, text } = part;
    const id = String(position);
    if (type === 'text') {
      return [
        { type: 'text-start', id },
        { type: 'text-delta', id, delta: text },
        { type: 'text-end', id },
      ];
    }
    return [
      { type: 'reasoning-start', id },
      { type: 'reasoning-delta', id, delta: text },
      { type: 'reasoning-end', id },
    ];
  });
  return [...framed, ...said];
}
