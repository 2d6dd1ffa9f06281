/**
 * The server that the conformance suite asks for: its tools, resources and prompts by the names in the suite's
 * own requirements. Over stdio behind the gateway, or over HTTP by itself when started with `--http`, where it
 * says its port on standard output.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CallToolResult,
  isInitializeRequest,
  Server,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { httpLimits } from '../../src/enforce/mcp/config/config.ts';
import { Bodies } from '../../src/enforce/mcp/http/bodies.ts';
import { goneSignal, send, webRequest } from '../../src/enforce/mcp/http/exchange.ts';

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const silence = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const image = { type: 'image', data: pixel, mimeType: 'image/png' } as const;
const embedded = (uri: string) =>
  ({
    type: 'resource',
    resource: { uri, mimeType: 'text/plain', text: 'an embedded one' },
  }) as const;
const say = (text: string) => ({ type: 'text', text }) as const;

const nothing = { type: 'object', properties: {} } as const;
const asking = (name: string) =>
  ({ type: 'object', properties: { [name]: { type: 'string' } }, required: [name] }) as const;

type Given = Readonly<Record<string, unknown>>;
type Run = (given: Given, context: ServerContext, server: Server) => Promise<CallToolResult>;

const answers =
  (...content: CallToolResult['content']): Run =>
  async () => ({ content });

function elicits(properties: object, required: readonly string[] = []): Run {
  return async ({ message = 'Please answer' }, { mcpReq }, server) => {
    const requestedSchema = { type: 'object', properties, required };
    const params = { message: String(message), requestedSchema };
    const { action, content } = await server.elicitInput(params as never, {
      relatedRequestId: mcpReq.id,
    });
    return { content: [say(`action=${action}, content=${JSON.stringify(content)}`)] };
  };
}

const titled = (...words: readonly string[]) =>
  words.map((word, at) => ({ const: `value${at + 1}`, title: `${word} Option` }));
const options = { type: 'string', enum: ['option1', 'option2', 'option3'] };

const tools: Readonly<Record<string, { readonly inputSchema?: object; readonly run: Run }>> = {
  test_simple_text: { run: answers(say('This is a simple text response for testing.')) },
  test_image_content: { run: answers(image) },
  test_audio_content: { run: answers({ type: 'audio', data: silence, mimeType: 'audio/wav' }) },
  test_embedded_resource: { run: answers(embedded('test://embedded-resource')) },
  test_multiple_content_types: {
    run: answers(say('Multiple content types test:'), image, embedded('test://mixed')),
  },
  test_error_handling: {
    run: async () => ({
      isError: true,
      content: [say('This tool intentionally returns an error')],
    }),
  },
  test_tool_with_logging: {
    run: async (_, { mcpReq }) => {
      for (const data of ['started', 'processing', 'completed']) {
        await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
        await sleep(50);
      }
      return { content: [say('logged')] };
    },
  },
  test_tool_with_progress: {
    run: async (_, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          const params = { progressToken, progress, total: 100 };
          await mcpReq.notify({ method: 'notifications/progress', params });
        }
        await sleep(50);
      }
      return { content: [say('progressed')] };
    },
  },
  test_sampling: {
    inputSchema: asking('prompt'),
    run: async ({ prompt }, { mcpReq }, server) => {
      const messages = [{ role: 'user' as const, content: say(String(prompt)) }];
      const related = { relatedRequestId: mcpReq.id };
      const sampled = await server.createMessage({ messages, maxTokens: 100 }, related);
      return { content: [say(`LLM response: ${JSON.stringify(sampled.content)}`)] };
    },
  },
  test_elicitation: {
    inputSchema: asking('message'),
    run: elicits({ username: { type: 'string' }, email: { type: 'string' } }, [
      'username',
      'email',
    ]),
  },
  test_elicitation_sep1034_defaults: {
    run: elicits({
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  },
  test_elicitation_sep1330_enums: {
    run: elicits({
      untitledSingle: options,
      titledSingle: { type: 'string', oneOf: titled('First', 'Second', 'Third') },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: options },
      titledMulti: { type: 'array', items: { anyOf: titled('First', 'Second', 'Third') } },
    }),
  },
  // It could close its stream and have the client ask for the rest; this one just answers.
  test_reconnection: { run: answers(say('Reconnection test completed successfully')) },
  json_schema_2020_12_tool: {
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      additionalProperties: false,
    },
    run: answers(say('seen')),
  },
};

export const conformanceTools: readonly string[] = Object.keys(tools);

const resources: Readonly<Record<string, object>> = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text.' },
  'test://static-binary': { mimeType: 'image/png', blob: pixel },
  'test://watched-resource': { mimeType: 'text/plain', text: 'watched' },
};

const user = (content: object) => ({ role: 'user', content });
const prompts: Readonly<Record<string, (given: Readonly<Record<string, string>>) => object[]>> = {
  test_simple_prompt: () => [user(say('This is a simple prompt for testing.'))],
  test_prompt_with_arguments: ({ arg1 = '', arg2 = '' }) => [
    user(say(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  ],
  test_prompt_with_embedded_resource: ({ resourceUri = '' }) => [
    user(embedded(resourceUri)),
    user(say('Please process the embedded resource above.')),
  ],
  test_prompt_with_image: () => [user(image), user(say('Please analyze the image above.'))],
};
const promptArguments: Readonly<Record<string, readonly string[]>> = {
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
};

function conformanceServer(): Server {
  const capabilities = {
    tools: {},
    resources: { subscribe: true },
    prompts: {},
    completions: {},
    logging: {},
  };
  const server = new Server({ name: 'conformance', version: '1' }, { capabilities });
  server.setRequestHandler('tools/list', () => ({
    tools: Object.entries(tools).map(([name, { inputSchema = nothing }]) => ({
      name,
      description: `does what ${name} has to do`,
      inputSchema: inputSchema as typeof nothing,
    })),
  }));
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const run = tools[params.name]?.run;
    if (run === undefined) throw new Error('there is no such tool');
    return run(params.arguments ?? {}, context, server);
  });
  server.setRequestHandler('resources/list', () => ({
    resources: Object.keys(resources).map((uri) => ({ uri, name: uri })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template' }],
  }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const [, id] = /^test:\/\/template\/(\w+)\/data$/.exec(uri) ?? [];
    const found = resources[uri] ?? { mimeType: 'application/json', text: JSON.stringify({ id }) };
    return { contents: [{ uri, ...found }] } as never;
  });
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
  server.setRequestHandler('prompts/list', () => ({
    prompts: Object.keys(prompts).map((name) => ({
      name,
      description: `is ${name}`,
      arguments: (promptArguments[name] ?? []).map((each) => ({ name: each, required: true })),
    })),
  }));
  server.setRequestHandler('prompts/get', ({ params }) => {
    const messages = prompts[params.name]?.(params.arguments ?? {});
    return { messages } as never;
  });
  server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }));
  server.setRequestHandler('logging/setLevel', () => ({}));
  return server;
}

function serveHttp(): void {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const bodies = new Bodies({ ...httpLimits, bytesMax: 1_000_000 });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = goneSignal(response);
    const bytes = await bodies.read('', request);
    const parsedBody: unknown = bytes?.length
      ? JSON.parse(Buffer.from(bytes).toString())
      : undefined;
    let transport = sessions.get(request.headersDistinct['mcp-session-id']?.[0] ?? '');
    if (transport === undefined && isInitializeRequest(parsedBody)) {
      const opened = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (id) => void sessions.set(id, opened),
        enableDnsRebindingProtection: true,
        allowedHosts: [`localhost:${port()}`, `127.0.0.1:${port()}`],
        allowedOrigins: [`http://localhost:${port()}`, `http://127.0.0.1:${port()}`],
      });
      transport = opened;
      await conformanceServer().connect(opened);
    }
    const answered =
      (await transport?.handleRequest(webRequest(request, gone), { parsedBody })) ??
      new Response(null, { status: 400 });
    await send(response, answered, {
      more: {},
      gone,
      unreadMs: httpLimits.unreadMs,
      unreadBytesMax: Infinity,
    });
  };
  const listener = createServer((request, response) => void answer(request, response));
  const port = (): number => (listener.address() as { readonly port: number }).port;
  listener.listen(0, '127.0.0.1', () => process.stdout.write(`${port()}\n`));
}

if (process.argv.includes('--http')) serveHttp();
else if (process.argv.includes('--stdio')) serveStdio(conformanceServer);
