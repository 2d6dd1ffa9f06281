/** What an evaluator or classifier found: a fact in the command, and in the log. */
export interface EvaluatorFact {
  /** The guardrail or classifier of the policy that asked. */
  readonly guardrail: string;
  readonly evaluator: string;
  /**
   * `error`: it failed, or did not answer in time. `skipped`: another one had refused before. `answered`: a
   * classifier's answer is in `answer`.
   */
  readonly outcome: 'pass' | 'refuse' | 'error' | 'skipped' | 'answered';
  /** One risk level, or the classes of the resource. */
  readonly answer?: readonly string[];
  readonly reason: string;
  /** Of a guardrail that redacts: in how many places something was taken out before it was asked. */
  readonly redacted?: number;
  readonly durationMs: number;
}

/** All facts about one call, and the policy whose guardrails they answer. */
export interface EvaluatorFacts {
  readonly policyHash: string;
  readonly found: readonly EvaluatorFact[];
}

/** Judgement on what came in or goes out: only what every guardrail lets pass passes. */
export interface StageVerdict {
  /** What the guardrails say. */
  readonly outcome: 'pass' | 'refuse';
  /** What holds: in a policy in shadow mode everything passes. */
  readonly effective: 'pass' | 'refuse';
  readonly determinedBy: readonly string[];
  readonly message: string;
  /** Of a result that passes: in how many places something was taken out; absent where in none. */
  readonly redacted?: number;
}
