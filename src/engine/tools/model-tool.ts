/** The tool that model calls are calls of, unless the host declares others. */
import { modelResource } from '../../kernel/index.ts';
import type { ToolDeclaration } from './tool.ts';

/**
 * A call's action is `model.call`, and its resource the model's id in the price catalogue: `model/gpt-4o`. A
 * `/` in an id is written `%2F`.
 */
export const modelTool: ToolDeclaration = Object.freeze({
  name: 'model',
  action: 'model.call',
  resource: modelResource,
  description: 'Calls a language model.',
  isModel: true,
});
