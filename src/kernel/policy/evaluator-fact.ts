/** What an evaluator found about a call before it was decided: a fact in the command, and in the log. */
export interface EvaluatorFact {
  /** The guardrail of the policy that asked. */
  readonly guardrail: string;
  readonly evaluator: string;
  /** `error`: it failed, or did not answer in time. `skipped`: another one had refused before. */
  readonly outcome: 'pass' | 'refuse' | 'error' | 'skipped';
  readonly reason: string;
  readonly durationMs: number;
}

/** All facts about one call, and the policy whose guardrails they answer. */
export interface EvaluatorFacts {
  readonly policyHash: string;
  readonly found: readonly EvaluatorFact[];
}
