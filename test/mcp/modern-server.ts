/** A server of 2026-07-28 that asks its client for something in an answer, over stdio. */
import { acceptedContent, inputRequired, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const inputSchema = { type: 'object' as const, properties: {} };
let calls = 0;

serveStdio(({ era }) => {
  const server = new Server(
    { name: 'modern', version: '1' },
    { capabilities: { tools: {}, resources: {} } },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: [
      { name: 'greet', description: 'asks who you are', inputSchema },
      { name: 'era', description: 'says how it is spoken to', inputSchema },
    ],
  }));
  server.setRequestHandler('tools/call', ({ params }, { mcpReq }) => {
    if (params.name === 'era') return { content: [{ type: 'text', text: era }] };
    const answer = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'who');
    if (answer !== undefined) {
      calls += 1;
      return { content: [{ type: 'text', text: `hello ${answer.name}, call ${calls}` }] };
    }
    return inputRequired({
      inputRequests: {
        who: inputRequired.elicit({
          message: 'Who are you?',
          requestedSchema: {
            type: 'object',
            properties: { name: { type: 'string' } },
            required: ['name'],
          },
        }),
      },
      requestState: 'the state of the server',
    });
  });
  server.setRequestHandler('resources/list', () => ({
    resources: [{ uri: 'modern://one', name: 'one' }],
  }));
  server.setRequestHandler('resources/read', ({ params }) => ({
    contents: [{ uri: params.uri, text: `text of ${params.uri}` }],
  }));
  return server;
});
