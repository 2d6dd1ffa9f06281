/** Holding something against a JSON Schema: for a bounded time where it can ask for more than it is long. */
import { Validator } from '@cfworker/json-schema';
import { withinTime } from './within-time.ts';

/** Of a schema: whether something fits, and what does not. */
export type SchemaCheck = (given: unknown) => ReturnType<Validator['validate']>;

/**
 * Keywords by which a few bytes of a schema, or of what is held against it, ask for more work than they are
 * long: where two branches lead to the same part, each level of what is given doubles it. A member of that
 * name only makes a check a little slower.
 */
const asksMuch =
  /"(?:pattern|patternProperties|format|uniqueItems|\$ref|\$dynamicRef|\$recursiveRef)":/;

/**
 * A check against a schema, into which the validator writes; `isForeign` where others wrote it. The check
 * throws where it takes longer than `limits.matchingMs`; `what` says so.
 */
export function schemaCheck(what: string, schema: object, isForeign = false): SchemaCheck {
  const mayTakeLong = isForeign || asksMuch.test(JSON.stringify(schema));
  const validator = new Validator(schema, '2020-12', true);
  if (!mayTakeLong) return (given) => validator.validate(given);
  return (given) => withinTime(what, () => validator.validate(given));
}
