/** What a stream gave, put together as the content of an answer that was generated at once. */
import { thrownWhole } from '../../engine/index.ts';
import type { Generated, StreamPart } from './ai-sdk-types.ts';

type Content = Generated['content'][number];
type Call = Extract<StreamPart, { readonly type: 'tool-call' }>;
type Delta = Extract<StreamPart, { readonly type: 'text-delta' | 'reasoning-delta' }>;

/** Parts of a stream that are parts of its content as they are. */
const whole: ReadonlySet<string> = new Set([
  'tool-result',
  'tool-approval-request',
  'source',
  'file',
  'reasoning-file',
  'custom',
]);

/** A part of the content of a stream: as it was, or put together. */
export type Kept = Content | Grown | ToolInput | Failure;

interface Grown {
  readonly type: 'text' | 'reasoning';
  readonly text: string;
}

/** What a model began to hand to a tool, and of which it made no call, or a call with something else. */
interface ToolInput {
  readonly type: 'tool-input';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly text: string;
}

/** What a provider says went wrong while the stream goes on. */
interface Failure {
  readonly type: 'error';
  readonly error: string;
}

/** Parts that say nothing of what the model said. */
const framing: ReadonlySet<string> = new Set(['stream-start', 'response-metadata']);

export class StreamContent {
  readonly #parts: Kept[] = [];
  readonly #growing = new Map<string, { type: 'text' | 'reasoning'; text: string }>();
  readonly #inputs = new Map<
    string,
    { -readonly [MEMBER in keyof ToolInput]: ToolInput[MEMBER] }
  >();

  /** Gives what of the part the model said now, and not before: its text, or its input for a tool. */
  add(part: StreamPart): string {
    if (part.type === 'tool-call') return this.#call(part);
    if (part.type === 'text-delta' || part.type === 'reasoning-delta') this.#grow(part);
    else if (part.type === 'tool-input-start') this.#begin(part.id, part.toolName);
    else if (part.type === 'tool-input-delta') this.#begin(part.id, '').text += part.delta;
    else if (part.type === 'error') {
      this.#parts.push({ type: 'error', error: thrownWhole(part.error) });
    } else if (whole.has(part.type)) this.#parts.push(part as Content);
    return 'delta' in part ? part.delta : '';
  }

  #begin(toolCallId: string, toolName: string): { text: string } {
    const known = this.#inputs.get(toolCallId);
    if (known !== undefined) return known;
    const begun = { type: 'tool-input', toolCallId, toolName, text: '' } as const;
    const growing = { ...begun, text: '' as string };
    this.#inputs.set(toolCallId, growing);
    this.#parts.push(growing);
    return growing;
  }

  /** A call says again what was begun for it. */
  #call(part: Call): string {
    const begun = this.#inputs.get(part.toolCallId);
    const isSame = part.input === begun?.text && part.toolName === begun.toolName;
    if (begun !== undefined && isSame) {
      this.#inputs.delete(part.toolCallId);
      this.#parts.splice(this.#parts.indexOf(begun), 1);
    }
    this.#parts.push(part);
    return isSame || typeof part.input !== 'string' ? '' : part.input;
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
    if (part.type === 'tool-input') {
      const { toolCallId: id, toolName } = part;
      return [
        { type: 'tool-input-start', id, toolName },
        { type: 'tool-input-delta', id, delta: part.text },
        { type: 'tool-input-end', id },
      ];
    }
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
