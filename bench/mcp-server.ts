/** A server with one tool that gives back what it gets, over stdio: as little work as a call can be. */
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

serveStdio(() => {
  const server = new Server({ name: 'echo', version: '1' }, { capabilities: { tools: {} } });
  const inputSchema = { type: 'object', properties: { n: { type: 'number' } } } as const;
  server.setRequestHandler('tools/list', () => ({
    tools: [{ name: 'echo', description: 'gives back what it gets', inputSchema }],
  }));
  server.setRequestHandler('tools/call', ({ params }) => ({
    content: [{ type: 'text', text: JSON.stringify(params.arguments) }],
  }));
  return server;
});
