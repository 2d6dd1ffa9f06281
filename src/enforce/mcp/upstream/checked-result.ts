/** What a task came to, held against the protocol and the tool's schema: the SDK does it for other calls. */
import type { Tool } from '@modelcontextprotocol/client';
import type { RawResult } from '../protocol/raw-result.ts';
import { SchemaValidator } from './schema-validator.ts';

/** Throws an error that says what does not fit. */
export function checked(tool: Tool, result: RawResult): RawResult {
  if (!Array.isArray(result['content'])) throw new Error('its result has no content');
  if (tool.outputSchema === undefined || result['isError'] === true) return result;
  if (result['structuredContent'] === undefined) {
    throw new Error("its result has no structured content, which the tool's schema asks for");
  }
  const validate = new SchemaValidator().getValidator(tool.outputSchema as never);
  const { valid, errorMessage } = validate(result['structuredContent']);
  if (valid) return result;
  throw new Error(`its result does not fit the tool's schema: ${errorMessage}`);
}
