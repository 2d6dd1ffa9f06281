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

export class StreamContent {
  readonly #parts: (Content | { type: 'text' | 'reasoning'; text: string })[] = [];
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
