/** What a task came to, held against the protocol and the tool's schema: the SDK does it for other calls. */
import type { Tool } from '@modelcontextprotocol/client';
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/client/validators/cf-worker';
import type { RawResult } from '../protocol/raw-result.ts';

/** Throws an error that says what does not fit. */
export function checked(tool: Tool, result: RawResult): RawResult {
  if (!Array.isArray(result['content'])) throw new Error('its result has no content');
  if (tool.outputSchema === undefined || result['isError'] === true) return result;
  if (result['structuredContent'] === undefined) {
    throw new Error("its result has no structured content, which the tool's schema asks for");
  }
  const validate = new CfWorkerJsonSchemaValidator().getValidator(tool.outputSchema as never);
  const { valid, errorMessage } = validate(result['structuredContent']);
  if (valid) return result;
  throw new Error(`its result does not fit the tool's schema: ${errorMessage}`);
}
