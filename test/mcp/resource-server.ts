/**
 * A server of either era, over stdio, with two resources that it tells of where it was asked to. What was asked
 * of it is in the file that its argument names, one line each.
 */
import { appendFileSync } from 'node:fs';
import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const [, , journal = ''] = process.argv;
const uris = ['note://one', 'note://two'];
process.once('exit', () => appendFileSync(journal, 'gone\n'));

serveStdio(({ era }) => {
  const subscribed = new Set<string>();
  const server = new Server(
    { name: 'notes', version: '1' },
    { capabilities: { tools: {}, resources: { subscribe: true } } },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: ['touch', 'die'].map((name) => ({ name, inputSchema: { type: 'object' as const } })),
  }));
  server.setRequestHandler('tools/call', async ({ params }) => {
    if (params.name === 'die') process.exit(0);
    const uri = String(params.arguments?.['uri']);
    // In the later era, the SDK knows who listens to what.
    if (era === 'modern' || subscribed.has(uri)) await server.sendResourceUpdated({ uri });
    return { content: [{ type: 'text', text: 'touched' }] };
  });
  server.setRequestHandler('resources/list', () => ({
    resources: uris.map((uri) => ({ uri, name: uri })),
  }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => ({
    contents: [{ uri, text: 'a note' }],
  }));
  server.setRequestHandler('resources/subscribe', ({ params: { uri } }) => {
    appendFileSync(journal, `subscribe ${uri}\n`);
    if (!uris.includes(uri)) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no ${uri}`);
    }
    subscribed.add(uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
    appendFileSync(journal, `unsubscribe ${uri}\n`);
    subscribed.delete(uri);
    return {};
  });
  return server;
});
