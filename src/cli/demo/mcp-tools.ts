/**
 * An MCP server's tools as tools of the AI SDK: what any host of an agent has. It knows of no control plane
 * but for the key under which a call that is sent twice runs once.
 */
import type { CallToolResult, Client } from '@modelcontextprotocol/client';
import { dynamicTool, jsonSchema, type ToolSet } from 'ai';
import { metaKeys } from '../../enforce/mcp/protocol/meta-keys.ts';

export async function mcpTools(client: Client): Promise<ToolSet> {
  const { tools } = await client.listTools();
  const made = tools.map(({ name, description, inputSchema }) => {
    const tool = dynamicTool({
      ...(description === undefined ? {} : { description }),
      inputSchema: jsonSchema(inputSchema),
      execute: (input, { toolCallId, abortSignal: signal }) => {
        const _meta = { [metaKeys.idempotencyKey]: toolCallId };
        const call = { name, arguments: input as Record<string, unknown>, _meta };
        return client.callTool(call, signal === undefined ? {} : { signal });
      },
      toModelOutput: ({ output }) => asTold(output as CallToolResult),
    });
    return [name, tool] as const;
  });
  return Object.fromEntries(made);
}

function asTold({ content, isError }: CallToolResult) {
  const value = content.map((part) => (part.type === 'text' ? part.text : part.type)).join('\n');
  return { type: isError === true ? ('error-text' as const) : ('text' as const), value };
}
