/**
 * A server of either era, over stdio, that logs at three levels while it works, as far as it was asked to. With
 * `deaf` as its argument, it refuses to be told from which level on; with `quiet`, it logs once it was told. Its
 * tool `die` ends it.
 */
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const [, , hears] = process.argv;
const inputSchema = { type: 'object' as const };
let logs = hears !== 'quiet';

serveStdio(() => {
  const server = new Server(
    { name: 'logs', version: '1' },
    { capabilities: { tools: {}, logging: {} } },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: [
      { name: 'work', inputSchema },
      { name: 'die', inputSchema },
    ],
  }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    if (params.name === 'die') process.exit(1);
    for (const level of ['debug', 'info', 'error'] as const) {
      if (logs) await mcpReq.log(level, 'at work');
    }
    return { content: [{ type: 'text', text: 'done' }] };
  });
  if (hears !== undefined) {
    server.setRequestHandler('logging/setLevel', () => {
      if (hears === 'deaf') throw new Error('it does not want to be told');
      logs = true;
      return {};
    });
  }
  return server;
});
