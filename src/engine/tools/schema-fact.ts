/**
 * The schema's verdict on a call's arguments: a fact for the kernel, found before the commit.
 *
 * The validator interprets the schema; it generates no code. What it reports names places and keywords and
 * never values, because the report goes into the log.
 */
import { Validator } from '@cfworker/json-schema';
import type { SchemaFact } from '../../kernel/index.ts';
import type { BoundTool } from './tool.ts';

const validators = new WeakMap<object, Validator>();

export function schemaFact(tool: BoundTool, callArguments: unknown): SchemaFact | undefined {
  if (tool.inputSchema === undefined) return undefined;
  const { definition } = tool.record;
  try {
    const result = validatorFor(tool.inputSchema).validate(callArguments);
    const [error] = result.errors;
    const problem =
      error === undefined
        ? ''
        : `the arguments do not fit the schema: ${error.keyword} at ${error.instanceLocation}`;
    return { definition, valid: result.valid, problem };
  } catch {
    return { definition, valid: false, problem: 'the tool’s schema could not be evaluated' };
  }
}

function validatorFor(schema: object): Validator {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const validator = new Validator(schema, '2020-12', true);
  validators.set(schema, validator);
  return validator;
}
