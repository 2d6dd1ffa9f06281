/**
 * The evaluators room's door: checks by code that run before a call is decided, who may be named by
 * a policy, and what they found. It knows no store and no clock of its own.
 */
export {
  type AssetClasses,
  type ClassifierDefinition,
  defineAssetClassifier,
  defineEvaluator,
  defineRiskClassifier,
  Evaluator,
  type EvaluatorContext,
  type EvaluatorDefinition,
  type EvaluatorSubject,
  type EvaluatorVerdict,
  type RiskClass,
} from './evaluator.ts';
export { injectionSignals } from './builtin/prompt-injection.ts';
export { EvaluatorRegistry } from './registry.ts';
export { runEvaluators } from './run-evaluators.ts';
export { runRedactions } from './run-redactions.ts';
