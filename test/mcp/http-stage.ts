/** The gateway over HTTP in front of the lying server, with keys of two principals. */
import {
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { type ControlPlane, systemClock } from '../../src/engine/index.ts';
import { type HttpLimits, httpLimits } from '../../src/enforce/mcp/config/config.ts';
import { listenHttp } from '../../src/enforce/mcp/http/endpoint.ts';
import type { HttpEndpoint } from '../../src/enforce/mcp/index.ts';
import { type Liar, lyingStage } from './lying.ts';
import type { Stage, StageOptions } from './stage.ts';

export type Era = 'legacy' | 'modern';

export interface HttpStageOptions extends Partial<StageOptions> {
  readonly http?: object;
  readonly server?: object;
  readonly extraTools?: readonly string[];
  /** Other than those that hold for everybody: what takes minutes there takes no time in a test. */
  readonly limits?: Partial<HttpLimits>;
  /** In place of the control plane, as the endpoint has it. */
  readonly seen?: (plane: ControlPlane) => ControlPlane;
}

export class HttpStage {
  readonly stage: Stage;
  readonly liar: Liar;
  readonly endpoint: HttpEndpoint;
  /** API keys by the name of whom they are for. */
  readonly keys: Readonly<Record<'ada' | 'bob', string>>;
  readonly #clients: Client[] = [];

  private constructor(
    stage: Stage,
    liar: Liar,
    endpoint: HttpEndpoint,
    keys: Readonly<Record<'ada' | 'bob', string>>,
  ) {
    this.stage = stage;
    this.liar = liar;
    this.endpoint = endpoint;
    this.keys = keys;
  }

  static async open(given: HttpStageOptions = {}): Promise<HttpStage> {
    const { http, file, limits, seen, ...options } = given;
    const terms = { port: 0, authentication: ['api-key'], ...http };
    const { stage, liar } = await lyingStage({ ...options, file: { http: terms, ...file } });
    const issue = async (name: string): Promise<string> => {
      const key = { principal: `user:${name}`, org: 'acme', roles: ['agent'] };
      return (await stage.plane.keys.issue(key)).key;
    };
    const keys = { ada: await issue('ada'), bob: await issue('bob') };
    const endpoint =
      limits === undefined && seen === undefined
        ? await stage.gateway.listen()
        : await listenWithin(stage, given);
    return new HttpStage(stage, liar, endpoint, keys);
  }

  /** Connects a client of the SDK with a bearer token, or without any for `undefined`. */
  async client(
    era: Era,
    token: string | (() => string) | undefined,
    options: ClientOptions = {},
    prepare: (client: Client) => void = () => {},
  ): Promise<Client> {
    const negotiated: ClientOptions =
      era === 'modern' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {};
    const client = new Client({ name: 'test', version: '1' }, { ...options, ...negotiated });
    prepare(client);
    const bearer = (): Record<string, string> =>
      token === undefined
        ? {}
        : { authorization: `Bearer ${typeof token === 'string' ? token : token()}` };
    const transport = new StreamableHTTPClientTransport(this.endpoint.url, {
      fetch: (url, init = {}) => {
        const headers = new Headers(init.headers);
        for (const [name, value] of Object.entries(bearer())) headers.set(name, value);
        return fetch(url, { ...init, headers });
      },
    });
    await client.connect(transport);
    this.#clients.push(client);
    return client;
  }

  /** One request as it is, with ada's key. */
  send(body: unknown, { method = 'POST', ...more }: RequestInit = {}): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return fetch(this.endpoint.url, {
      method,
      ...(method === 'GET' || method === 'DELETE' || method === 'OPTIONS' ? {} : { body: text }),
      ...more,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${this.keys.ada}`,
        ...(more.headers as Record<string, string> | undefined),
      },
    });
  }

  /** Opens a session of 2025-11-25 by hand; resolves to its id. */
  async session(headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.send(initialize, { headers });
    await answer.text();
    const id = answer.headers.get('mcp-session-id') ?? '';
    const session = { ...headers, 'mcp-session-id': id };
    await this.send({ jsonrpc: '2.0', method: 'notifications/initialized' }, { headers: session });
    return id;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.endpoint.close();
    await this.stage.close();
  }
}

function listenWithin(
  stage: Stage,
  { limits, seen = (plane) => plane, clock = systemClock }: HttpStageOptions,
): Promise<HttpEndpoint> {
  const { config, reports } = stage;
  const plane = seen(stage.plane);
  const { http } = config;
  if (http === undefined) throw new Error('the stage has no `http`');
  const report = (message: string) => void reports.push(message);
  const host = { plane, clock, version: '1.2.3', report };
  return listenHttp({ ...host, config: { ...config, http } }, { ...httpLimits, ...limits });
}

export const initialize = {
  jsonrpc: '2.0',
  id: 'first',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'by hand', version: '1' },
  },
} as const;

/** A call of 2026-07-28, by hand: its body and the headers that go with it. */
export function modernCall(
  name: string,
  given: object = {},
  more: object = {},
): { readonly body: object; readonly headers: Record<string, string> } {
  return {
    body: {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: given,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'by hand', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
          ...more,
        },
      },
    },
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
  };
}
