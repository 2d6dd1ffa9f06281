/** Mastra as a client of the gateway. A refusal is thrown, as Mastra does with errors. */
import { MCPClient } from '@mastra/mcp';
import { call, tell, way } from './told.mjs';

const server =
  'url' in way ? { url: new URL(way.url), requestInit: { headers: way.headers } } : way;
const client = new MCPClient({ servers: { files: server } });
const tools = await client.listTools();
const text = await tools.files_write_file.execute(call, {}).catch(({ message }) => message);
tell(
  Object.keys(tools).map((name) => name.replace(/^files_/, '')),
  text,
);
await client.disconnect();
