/**
 * `json-schema`: refuses content that does not fit a schema of the policy's own (draft 2020-12),
 * over and above what the tool declares. The validator interprets the schema; it generates no code.
 */
import { canonicalJson } from '../../log/index.ts';
import { contentName, defineEvaluator } from '../evaluator.ts';
import { oncePerObject } from '../once-per-object.ts';
import { schemaCheck } from '../schema-check.ts';
import { schemaProblem } from './schema-keywords.ts';

interface JsonSchemaConfig {
  readonly schema: object;
}

/** The validator writes into the schema that it is given, so it gets one of its own. */
const checkOf = oncePerObject((schema: object) =>
  schemaCheck('holding content against a schema', JSON.parse(canonicalJson(schema)) as object),
);

/**
 * Elements of the longest list where a schema asks that they differ: each is compared with each other, and
 * many more would stop the process for seconds, so they are an error.
 */
const uniqueElementsMax = 2_000;

const asksForUnique = oncePerObject((schema: object) => ({
  asks: canonicalJson(schema).includes('"uniqueItems":true'),
}));

function assertWorkable(schema: object, content: unknown): void {
  if (!asksForUnique(schema).asks) return;
  const all: unknown[] = [content];
  // What is put behind is looked at as well.
  for (const each of all) {
    if (typeof each !== 'object' || each === null) continue;
    const parts: readonly unknown[] = Object.values(each);
    if (Array.isArray(each) && parts.length > uniqueElementsMax) {
      throw new RangeError('a list is too long for its elements to be compared');
    }
    for (const part of parts) all.push(part);
  }
}

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
    assertWorkable(config.schema, subject.content);
    const { valid, errors } = checkOf(config.schema)(subject.content);
    if (valid) return { outcome: 'pass' };
    const { keyword = 'schema', instanceLocation = '#' } = errors.at(-1) ?? {};
    return {
      outcome: 'refuse',
      reason: `the schema does not fit ${contentName(subject)}: ${keyword} at ${instanceLocation}`,
    };
  },
});
