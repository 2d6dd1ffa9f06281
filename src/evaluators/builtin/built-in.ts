/** The evaluators that are there without being registered. Their names are reserved. */
import type { Evaluator } from '../evaluator.ts';
import { jsonSchemaEvaluator } from './json-schema.ts';
import { listEvaluator } from './list.ts';
import { personalDataEvaluator } from './personal-data.ts';
import { promptInjectionEvaluator } from './prompt-injection.ts';
import { regexEvaluator } from './regex.ts';
import { secretsEvaluator } from './secrets.ts';

export const builtInEvaluators: readonly Evaluator[] = Object.freeze([
  regexEvaluator,
  listEvaluator,
  jsonSchemaEvaluator,
  secretsEvaluator,
  personalDataEvaluator,
  promptInjectionEvaluator,
]);
