/**
 * Runs a call's guardrails and says what each found, as facts for the kernel.
 *
 * INVARIANT: there is exactly one fact for each guardrail, in the order of the guardrails, and
 * `pass` only for an evaluator that answered exactly that, in time. Whatever else an evaluator does
 * is an `error`. No evaluator can hold up the answer for longer than its timeout, unless it blocks
 * the process.
 */
import type { EvaluatorFact, GuardrailDocument } from '../kernel/index.ts';
import { deepFreeze } from '../log/index.ts';
import type { EvaluatorDefinition, EvaluatorSubject } from './evaluator.ts';
import type { EvaluatorRegistry } from './registry.ts';
import { printableReason, readVerdict } from './verdict.ts';

/** How long an evaluator has, where its guardrail says nothing. */
const evaluatorTimeoutMs = 5_000;

/** Evaluators of one call that run at the same time, where nothing is said. */
const evaluatorsParallelMax = 8;

/** What this needs of the engine's clock. */
export interface EvaluatorClock {
  now(): number;
  after(delayMs: number, task: () => void): () => void;
}

export type Guardrail = Pick<
  GuardrailDocument,
  'id' | 'evaluator' | 'config' | 'effect' | 'timeoutMs'
>;

export interface RunEvaluatorsOptions {
  readonly guardrails: readonly Guardrail[];
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
  const { guardrails, signal, parallelMax = evaluatorsParallelMax } = options;
  if (!Number.isSafeInteger(parallelMax) || parallelMax < 1) {
    throw new TypeError('`parallelMax` must be a whole number from 1 up');
  }
  const run = new EvaluatorRun(options);
  const giveUp = (): void => run.stop('error', 'the call was given up before it answered');
  if (signal?.aborted === true) giveUp();
  signal?.addEventListener('abort', giveUp);
  try {
    // All workers take from one queue, so that a slot that comes free goes to the next guardrail.
    const queue = guardrails.entries();
    const facts: EvaluatorFact[] = [];
    const work = async (): Promise<void> => {
      for (const [position, guardrail] of queue) facts[position] = await run.check(guardrail);
    };
    await Promise.all(Array.from({ length: Math.min(parallelMax, guardrails.length) }, work));
    return facts;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

type Found = Pick<EvaluatorFact, 'outcome' | 'reason'>;
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

  async check(guardrail: Guardrail): Promise<EvaluatorFact> {
    const startedAt = this.#clock.now();
    const { outcome, reason } = await this.#find(guardrail);
    const durationMs = Math.max(0, Math.round(this.#clock.now() - startedAt));
    const { id, evaluator } = guardrail;
    return Object.freeze({ guardrail: id, evaluator, outcome, reason, durationMs });
  }

  #find(guardrail: Guardrail): Found | Promise<Found> {
    if (this.#stopped !== undefined) return this.#stopped;
    const resolved = this.#registry.resolve(guardrail.evaluator, guardrail.config);
    if ('problem' in resolved) {
      return { outcome: 'error', reason: printableReason(resolved.problem) };
    }
    return new Promise((resolve) => {
      const controller = new AbortController();
      const timeoutMs = guardrail.timeoutMs ?? evaluatorTimeoutMs;
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
      void this.#hear(guardrail, answerOf(resolved, this.#subject, controller.signal), finish);
    });
  }

  /**
   * A refusal that denies the call stops the others: nothing that they could say changes the
   * answer.
   */
  async #hear(
    guardrail: Guardrail,
    answer: Promise<Found>,
    finish: (found: Found) => boolean,
  ): Promise<void> {
    const found = await answer;
    if (!finish(found) || found.outcome !== 'refuse') return;
    if (guardrail.effect === 'require-approval') return;
    this.stop('skipped', `stopped when guardrail \`${guardrail.id}\` refused`);
  }
}

/**
 * What the evaluator says, or what it did instead. What it threw is not told: it may hold the
 * arguments.
 */
async function answerOf(
  resolved: { readonly definition: EvaluatorDefinition<unknown>; readonly config: unknown },
  subject: EvaluatorSubject,
  signal: AbortSignal,
): Promise<Found> {
  const { definition, config } = resolved;
  let answer: unknown;
  try {
    answer = definition.evaluate(subject, { config, signal });
  } catch {
    return { outcome: 'error', reason: 'the evaluator threw' };
  }
  let settled: unknown;
  try {
    settled = await answer;
  } catch {
    return { outcome: 'error', reason: 'the evaluator’s promise was rejected' };
  }
  const verdict = readVerdict(settled);
  if (verdict === undefined) {
    const kind = settled === null ? 'null' : typeof settled;
    return { outcome: 'error', reason: `the evaluator answered with no verdict (${kind})` };
  }
  if (verdict.outcome === 'pass') return { outcome: 'pass', reason: '' };
  const reason = printableReason(verdict.reason);
  return { outcome: 'refuse', reason: reason === '' ? 'refused without a reason' : reason };
}
