/**
 * `json-schema`: refuses content that does not fit a schema of the policy's own (draft 2020-12),
 * over and above what the tool declares. The validator interprets the schema; it generates no code.
 */
import { Validator } from '@cfworker/json-schema';
import { canonicalJson } from '../../log/index.ts';
import { contentName, defineEvaluator } from '../evaluator.ts';
import { oncePerObject } from '../once-per-object.ts';
import { schemaProblem } from './schema-keywords.ts';

interface JsonSchemaConfig {
  readonly schema: object;
}

/** The validator writes into the schema that it is given, so it gets one of its own. */
const validatorOf = oncePerObject(
  (schema: object) => new Validator(JSON.parse(canonicalJson(schema)) as object, '2020-12', true),
);

export const jsonSchemaEvaluator = defineEvaluator<JsonSchemaConfig>({
  name: 'json-schema',
  description: 'refuses content that does not fit a JSON Schema',
  configSchema: {
    type: 'object',
    properties: { schema: { type: 'object', minProperties: 1 } },
    required: ['schema'],
    additionalProperties: false,
  },
  checkConfig: ({ schema }) => schemaProblem(schema),
  evaluate(subject, { config }) {
    const { valid, errors } = validatorOf(config.schema).validate(subject.content);
    if (valid) return { outcome: 'pass' };
    const { keyword = 'schema', instanceLocation = '#' } = errors.at(-1) ?? {};
    return {
      outcome: 'refuse',
      reason: `the schema does not fit ${contentName(subject)}: ${keyword} at ${instanceLocation}`,
    };
  },
});
