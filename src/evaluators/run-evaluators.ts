/**
 * Runs what a policy asks of code and says what each found, as facts for the kernel.
 *
 * INVARIANT: there is exactly one fact for each that was asked, in the same order, and `pass` or
 * `answered` only for one that answered exactly so, in time. Whatever else an evaluator does
 * is an `error`. No evaluator can hold up the answer for longer than its timeout, unless it blocks
 * the process.
 */
import type { EvaluatorCall, EvaluatorFact } from '../kernel/index.ts';
import { deepFreeze } from '../log/index.ts';
import type { EvaluatorSubject, RegisteredDefinition } from './evaluator.ts';
import type { EvaluatorRegistry } from './registry.ts';
import { printableReason, readAnswer } from './answer.ts';

/** How long an evaluator has, where its guardrail says nothing. */
const evaluatorTimeoutMs = 5_000;

/** Evaluators of one call that run at the same time, where nothing is said. */
const evaluatorsParallelMax = 8;

/** What this needs of the engine's clock. */
export interface EvaluatorClock {
  now(): number;
  after(delayMs: number, task: () => void): () => void;
}

export type Asked = Omit<EvaluatorCall, 'matches' | 'reason'>;

export interface RunEvaluatorsOptions {
  readonly asked: readonly Asked[];
  readonly registry: EvaluatorRegistry;
  /** Frozen by this. */
  readonly subject: EvaluatorSubject;
  readonly clock: EvaluatorClock;
  readonly parallelMax?: number;
  /** Gives up the whole run: what has not answered by then is an error. */
  readonly signal?: AbortSignal;
}

/** Rejects only where `parallelMax` is no number of evaluators. */
export async function runEvaluators(
  options: RunEvaluatorsOptions,
): Promise<readonly EvaluatorFact[]> {
  const { asked, signal, parallelMax = evaluatorsParallelMax } = options;
  if (!Number.isSafeInteger(parallelMax) || parallelMax < 1) {
    throw new TypeError('`parallelMax` must be a whole number from 1 up');
  }
  const run = new EvaluatorRun(options);
  const giveUp = (): void => run.stop('error', 'the call was given up before it answered');
  if (signal?.aborted === true) giveUp();
  signal?.addEventListener('abort', giveUp);
  try {
    // All workers take from one queue, so that a slot that comes free goes to the next one asked.
    const queue = asked.entries();
    const facts: EvaluatorFact[] = [];
    const work = async (): Promise<void> => {
      for (const [position, each] of queue) facts[position] = await run.ask(each);
    };
    await Promise.all(Array.from({ length: Math.min(parallelMax, asked.length) }, work));
    return facts;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

type Found = Pick<EvaluatorFact, 'outcome' | 'answer' | 'reason'>;
/** Ends the waiting for one evaluator, and tells it so. */
type GiveUp = (found: Found) => void;

class EvaluatorRun {
  readonly #registry: EvaluatorRegistry;
  readonly #clock: EvaluatorClock;
  readonly #subject: EvaluatorSubject;
  readonly #running = new Set<GiveUp>();
  #stopped: Found | undefined;

  constructor({ registry, clock, subject }: RunEvaluatorsOptions) {
    this.#registry = registry;
    this.#clock = clock;
    this.#subject = deepFreeze({ ...subject });
  }

  /** From now on nothing starts, and what runs is not waited for. */
  stop(outcome: 'error' | 'skipped', reason: string): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = { outcome, reason };
    for (const giveUp of this.#running) giveUp(this.#stopped);
  }

  async ask(asked: Asked): Promise<EvaluatorFact> {
    const startedAt = this.#clock.now();
    const found = await this.#find(asked);
    const durationMs = Math.max(0, Math.round(this.#clock.now() - startedAt));
    const { id, evaluator } = asked;
    return Object.freeze({ guardrail: id, evaluator, ...found, durationMs });
  }

  #find(asked: Asked): Found | Promise<Found> {
    if (this.#stopped !== undefined) return this.#stopped;
    const resolved = this.#registry.resolve(asked.evaluator, asked.config, asked.kind);
    if ('problem' in resolved) {
      return { outcome: 'error', reason: printableReason(resolved.problem) };
    }
    return new Promise((resolve) => {
      const controller = new AbortController();
      const timeoutMs = asked.timeoutMs ?? evaluatorTimeoutMs;
      /** The first word counts: what comes after an answer, a timeout or a stop is too late. */
      const finish = (found: Found): boolean => {
        if (!this.#running.delete(giveUp)) return false;
        cancelTimer();
        resolve(found);
        return true;
      };
      const giveUp: GiveUp = (found) => {
        if (finish(found)) controller.abort();
      };
      this.#running.add(giveUp);
      const cancelTimer = this.#clock.after(timeoutMs, () =>
        giveUp({ outcome: 'error', reason: `did not answer within ${timeoutMs} ms` }),
      );
      void this.#hear(asked, answerOf(resolved, this.#subject, controller.signal), finish);
    });
  }

  /**
   * A refusal that denies the call stops the others: nothing that they could say changes the
   * answer.
   */
  async #hear(
    asked: Asked,
    answer: Promise<Found>,
    finish: (found: Found) => boolean,
  ): Promise<void> {
    const found = await answer;
    if (!finish(found) || found.outcome !== 'refuse') return;
    if (asked.effect !== 'deny') return;
    this.stop('skipped', `stopped when guardrail \`${asked.id}\` refused`);
  }
}

/**
 * What the evaluator says, or what it did instead. What it threw is not told: it may hold the
 * arguments.
 */
async function answerOf(
  resolved: { readonly definition: RegisteredDefinition; readonly config: unknown },
  subject: EvaluatorSubject,
  signal: AbortSignal,
): Promise<Found> {
  const { definition, config } = resolved;
  let answer: unknown;
  try {
    answer = definition.run(subject, { config, signal });
  } catch {
    return { outcome: 'error', reason: 'the evaluator threw' };
  }
  let settled: unknown;
  try {
    settled = await answer;
  } catch {
    return { outcome: 'error', reason: 'the evaluator’s promise was rejected' };
  }
  const read = readAnswer(definition.kind, settled);
  if (read !== undefined) return read;
  const kind = settled === null ? 'null' : typeof settled;
  const wanted = definition.kind === 'guardrail' ? 'verdict' : 'classification';
  return { outcome: 'error', reason: `the evaluator answered with no ${wanted} (${kind})` };
}
