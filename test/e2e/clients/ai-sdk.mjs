/** The AI SDK as a client of the gateway. */
import { createMCPClient } from '@ai-sdk/mcp';
import { StdioMCPTransport } from '@ai-sdk/mcp/mcp-stdio';
import { call, tell, way } from './told.mjs';

const client = await createMCPClient({
  transport: 'url' in way ? { type: 'http', ...way } : new StdioMCPTransport(way),
});
const tools = await client.tools();
const { content } = await tools.write_file.execute(call, { toolCallId: 'one', messages: [] });
tell(Object.keys(tools), content[0].text);
await client.close();
