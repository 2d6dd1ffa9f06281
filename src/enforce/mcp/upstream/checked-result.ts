/** What a call came to, held against the protocol and the tool's schema. */
import type { Tool } from '@modelcontextprotocol/client';
import type { RawResult } from '../protocol/raw-result.ts';
import { assertDepth } from './answer-depth.ts';
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

/** The same of an answer whose depth nobody has looked at yet. */
export function checkedAnswer(tool: Tool, answer: RawResult): RawResult {
  assertDepth(answer);
  return checked(tool, answer);
}
