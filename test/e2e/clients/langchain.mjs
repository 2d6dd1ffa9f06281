/** LangChain's MCP adapters as a client of the gateway. A refusal is thrown, as LangChain does with errors. */
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { call, tell, way } from './told.mjs';

const client = new MultiServerMCPClient({
  files: { transport: 'url' in way ? 'http' : 'stdio', ...way },
});
const tools = await client.getTools();
const tool = tools.find(({ name }) => name === 'write_file');
const text = await tool.invoke(call).catch(({ message }) => message);
tell(
  tools.map(({ name }) => name),
  text,
);
await client.close();
