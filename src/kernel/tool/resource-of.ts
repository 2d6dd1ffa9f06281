/** The resource that a call touches: derived from what decides, never from a field that the agent names. */
import { expandResource } from '../policy/resource.ts';
import type { ToolRecord } from '../record.ts';

/** The resource of a model call, unless its tool says otherwise: `model/gpt-4o`, a `/` written `%2F`. */
export const modelResource = 'model/{model}';

/**
 * Undefined where it cannot be derived. Of a model call it comes from the model's id in the catalogue, so
 * that no alias gets around a rule.
 */
export function resourceOf(
  tool: Pick<ToolRecord, 'resource'>,
  callArguments: unknown,
  model: string | undefined,
): string | undefined {
  return expandResource(tool.resource, model === undefined ? callArguments : { model });
}
