/** A server of either era, over stdio, that logs at three levels while it works, as far as it was asked to. */
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

serveStdio(() => {
  const server = new Server(
    { name: 'logs', version: '1' },
    { capabilities: { tools: {}, logging: {} } },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: [{ name: 'work', inputSchema: { type: 'object' as const } }],
  }));
  server.setRequestHandler('tools/call', async (_, { mcpReq }) => {
    for (const level of ['debug', 'info', 'error'] as const) await mcpReq.log(level, 'at work');
    return { content: [{ type: 'text', text: 'done' }] };
  });
  return server;
});
