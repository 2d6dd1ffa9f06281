/** The OpenAI Agents SDK as a client of the gateway. */
import { MCPServerStdio, MCPServerStreamableHttp } from '@openai/agents-core';
import { call, tell, way } from './told.mjs';

const terms = { name: 'files', clientSessionTimeoutSeconds: 60 };
const server =
  'url' in way
    ? new MCPServerStreamableHttp({ ...terms, url: way.url, requestInit: { headers: way.headers } })
    : new MCPServerStdio({ ...terms, ...way });
await server.connect();
const tools = await server.listTools();
const [said] = await server.callTool('write_file', call);
tell(
  tools.map(({ name }) => name),
  said.text,
);
await server.close();
