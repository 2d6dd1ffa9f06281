/**
 * Holds results against the schemas that servers give. Their patterns are left out: a server that chooses
 * both the pattern and the text can have one looked for in the other for as long as it likes, and nothing
 * else of the process runs meanwhile. What else of a schema takes long is ended after its time.
 */
import type {
  JsonSchemaType,
  JsonSchemaValidator,
  jsonSchemaValidator,
} from '@modelcontextprotocol/client';
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/client/validators/cf-worker';
import { withinTime } from '../../../evaluators/within-time.ts';

/** The SDK's other validator makes code from schemas, and these come from somebody else. */
export class SchemaValidator extends CfWorkerJsonSchemaValidator {
  override getValidator<T>(schema: JsonSchemaType): JsonSchemaValidator<T> {
    const plain = withoutPatterns(schema) as JsonSchemaType;
    const validate = withinTime('reading its schema', () => super.getValidator<T>(plain));
    return (value) => withinTime('holding its result against its schema', () => validate(value));
  }
}

/**
 * What the SDK's client holds schemas against: one that cannot be read is refused before anything is sent. It
 * would take a result that does not fit for an error that its server answered with: that is looked at here.
 */
export const schemasOnly: jsonSchemaValidator = {
  getValidator: <T>(schema: JsonSchemaType): JsonSchemaValidator<T> => {
    new SchemaValidator().getValidator<T>(schema);
    return (value) => ({ valid: true, data: value as T, errorMessage: undefined });
  },
};

/** Wherever they are: a reference can make a schema of any part. */
function withoutPatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutPatterns);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.entries(schema).filter(([name, value]) => !isPattern(name, value));
  // Which properties are the additional ones, patterns say.
  const named = members.filter(([name]) => !aboutOthers.has(name));
  const kept = members.length === Object.keys(schema).length ? members : named;
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutPatterns(value)]));
}

/** A property may be called so, too: then it has a schema. */
function isPattern(name: string, value: unknown): boolean {
  return name === 'patternProperties' || (name === 'pattern' && typeof value === 'string');
}

const aboutOthers: ReadonlySet<string> = new Set(['additionalProperties', 'unevaluatedProperties']);
