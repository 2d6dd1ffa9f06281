/**
 * A stream of a governed model: passed on part by part, cut at the reserved output, and settled before its
 * end is passed on, however it ends.
 *
 * Where the policy judges what the call gives back, nothing is passed on before it was judged.
 */
import { ControlPlaneError, type Session } from '../../engine/index.ts';
import { settle, settleFailed } from '../granted.ts';
import type { GrantedModel } from '../models/call-model.ts';
import { type Kept, StreamContent, streamOf } from './ai-sdk-stream-content.ts';
import type { StreamPart } from './ai-sdk-types.ts';
import { countOf, reportOf } from './ai-sdk-usage.ts';

type Finish = Extract<StreamPart, { readonly type: 'finish' }>;

export function governedStream(
  session: Session,
  granted: GrantedModel,
  source: ReadableStream<StreamPart>,
  countOutput = tokensAtLeast,
): ReadableStream<StreamPart> {
  const run = new StreamRun(session, granted, source, countOutput);
  return new ReadableStream<StreamPart>({
    start: (controller) => run.watch(controller),
    pull: (controller) => run.pull(controller),
    cancel: (reason) => run.stop(reason ?? new Error('the stream was cancelled')),
  });
}

type Controller = ReadableStreamDefaultController<StreamPart>;

class StreamRun {
  readonly #session: Session;
  readonly #granted: GrantedModel;
  readonly #reader: ReadableStreamDefaultReader<StreamPart>;
  readonly #countOutput: (delta: string) => number;
  readonly #isJudged: boolean;
  readonly #held: StreamPart[] = [];
  readonly #content = new StreamContent();
  #tokensAtLeast = 0;
  #model: string | undefined;
  #ended = false;
  /** What ended it before the provider did, and the record of that. */
  #stopped: { readonly reason: unknown; readonly settled: Promise<unknown> } | undefined;

  constructor(
    session: Session,
    granted: GrantedModel,
    source: ReadableStream<StreamPart>,
    countOutput: (delta: string) => number,
  ) {
    this.#session = session;
    this.#granted = granted;
    this.#countOutput = countOutput;
    this.#reader = source.getReader();
    this.#isJudged = session.isOutputJudged(granted.permit);
  }

  /** A call that is stopped ends its stream at once, whether anybody reads it or not. */
  watch(controller: Controller): void {
    const { signal } = this.#granted;
    const onAbort = (): void => {
      // Its end has come, and is passed on once it is recorded.
      if (this.#ended) return;
      void this.stop(signal.reason).then(
        () => controller.error(signal.reason),
        (failure: unknown) => controller.error(failure),
      );
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }

  async pull(controller: Controller): Promise<void> {
    const passed = await this.#next();
    for (const part of passed) controller.enqueue(part);
    if (this.#ended) controller.close();
  }

  /** The next parts to pass on: none is never the answer unless the stream has ended. */
  async #next(): Promise<readonly StreamPart[]> {
    for (;;) {
      let read: Awaited<ReturnType<ReadableStreamDefaultReader<StreamPart>['read']>>;
      try {
        read = await this.#reader.read();
      } catch (failure) {
        await this.#assertGoingOn();
        throw (await this.#fail(failure)).thrown;
      }
      await this.#assertGoingOn();
      if (read.done) return this.#settle(undefined);
      const { value: part } = read;
      const finish = await this.#heard(part);
      if (finish !== undefined) return this.#settle(finish);
      if (!this.#isJudged) return [part];
      // What the provider sent, as it sent it, is in nothing that is judged.
      if (part.type !== 'raw') this.#held.push(part);
    }
  }

  /** The provider's count is final: what comes after it is not part of the answer. */
  async #settle(finish: Finish | undefined): Promise<readonly StreamPart[]> {
    this.#ended = true;
    const model = reportOf(finish?.usage, this.#model);
    const outcome = finish === undefined ? 'unknown' : 'succeeded';
    const result = this.#content.parts;
    const settled = await settle(this.#session, this.#granted, { outcome, result, model });
    void this.#reader.cancel().catch(() => {});
    const { redacted } = settled;
    const passed = redacted === 0 ? this.#held : streamOf(this.#held, settled.result as Kept[]);
    if (finish === undefined) return passed;
    if (redacted === 0) return [...passed, finish];
    // What was taken out is in the provider's own words, too, such as the probabilities of its tokens.
    const { providerMetadata: _, ...rest } = finish;
    return [...passed, rest];
  }

  /** Stops reading and charges everything: nobody knows what the provider goes on doing, or for how long. */
  async stop(reason: unknown): Promise<void> {
    if (this.#ended) return;
    void this.#reader.cancel(reason).catch(() => {});
    const settled = this.#fail(reason);
    this.#stopped = { reason, settled };
    await settled;
  }

  /** Throws what stopped it, and not before that is recorded. */
  async #assertGoingOn(): Promise<void> {
    if (this.#stopped === undefined) return;
    await this.#stopped.settled;
    throw this.#stopped.reason;
  }

  /** Gives what is to be thrown. */
  async #fail(failure: unknown): Promise<{ readonly thrown: unknown }> {
    this.#ended = true;
    return settleFailed(this.#session, this.#granted, failure);
  }

  /** Counts a part, and gives it where it is the end. What cannot be counted is cut, as what is too much. */
  async #heard(part: StreamPart): Promise<Finish | undefined> {
    try {
      if (part.type === 'finish') return part;
      this.#count(part);
      return undefined;
    } catch (failure) {
      await this.stop(failure);
      throw failure;
    }
  }

  #count(part: StreamPart): void {
    const said = this.#content.add(part);
    if (part.type === 'response-metadata') this.#model = part.modelId ?? this.#model;
    if (said === '') return;
    this.#tokensAtLeast += countOf('countOutput', this.#countOutput(said));
    const { outputTokensMax } = this.#granted.terms;
    if (this.#tokensAtLeast <= outputTokensMax) return;
    throw new ControlPlaneError(
      'model-output-cut',
      `the stream went beyond the ${outputTokensMax} output tokens that were reserved, and was cut`,
    );
  }
}

/** No tokenizer's longest token has more characters than that. */
const charactersPerTokenMax = 128;

/** The fewest tokens of a part: a provider sends at least one in each that is not empty. */
function tokensAtLeast(delta: string): number {
  return Math.ceil(delta.length / charactersPerTokenMax);
}
