/**
 * What is not governed passes through as it is: prompts, resources, completions, log levels. With several
 * servers, prompts have prefixed names as tools have, resources keep their URIs, and lists go on from server
 * to server.
 */
import {
  isSpecType,
  ProtocolError,
  ProtocolErrorCode,
  UriTemplate,
} from '@modelcontextprotocol/client';
import { withoutHopMeta } from '../protocol/meta-keys.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { PagesBytes } from '../upstream/pages-bytes.ts';
import type { ForwardOptions, Upstream } from '../upstream/upstream.ts';
import { withinTime } from '../../../evaluators/within-time.ts';

type Params = Readonly<Record<string, unknown>>;

/** Lists by the method that asks for them, with the member that holds their elements. */
const lists = {
  'prompts/list': { member: 'prompts', of: 'prompts', isOne: isSpecType.Prompt },
  'resources/list': { member: 'resources', of: 'resources', isOne: isSpecType.Resource },
  'resources/templates/list': {
    member: 'resourceTemplates',
    of: 'resources',
    isOne: isSpecType.ResourceTemplate,
  },
} as const;

export type ListMethod = keyof typeof lists;

/** What may be decided as an action before it is sent. */
export interface GovernedRequest {
  readonly kind: 'resources' | 'prompts';
  readonly server: Upstream;
  /** As the server gets it. */
  readonly params: Params;
}

export type Govern = (
  request: GovernedRequest,
  send: (options: ForwardOptions) => Promise<RawResult>,
) => Promise<RawResult>;

const pagesMax = 100;

export class PassThrough {
  readonly #upstreams: readonly Upstream[];
  readonly #isPrefixed: boolean;

  constructor(upstreams: readonly Upstream[], isPrefixed: boolean) {
    this.#upstreams = upstreams;
    this.#isPrefixed = isPrefixed;
  }

  async list(
    method: ListMethod,
    params: Params = {},
    options: ForwardOptions = {},
  ): Promise<RawResult> {
    const { of } = lists[method];
    const servers = this.#offering(of);
    const [only] = servers;
    if (servers.length === 1 && only !== undefined) {
      return this.#named(only, method, await only.request(method, params, options));
    }
    const { cursor: shown, ...rest } = params;
    const place = placeOf(shown);
    const server = servers[place.server];
    if (server === undefined) return { [lists[method].member]: [] };
    const cursor = place.cursor === undefined ? {} : { cursor: place.cursor };
    const page = this.#named(
      server,
      method,
      // The lists of others go on where one server has none to give.
      await unless(server.request(method, { ...rest, ...cursor }, within(server, options)), {
        options,
        otherwise: {},
      }),
    );
    const next = page['nextCursor'];
    if (typeof next === 'string')
      return { ...page, nextCursor: cursorOf({ ...place, cursor: next }) };
    const { nextCursor: _, ...last } = page;
    const following = place.server + 1;
    return following < servers.length
      ? { ...last, nextCursor: cursorOf({ server: following }) }
      : last;
  }

  async getPrompt(params: Params, govern: Govern): Promise<RawResult> {
    const { server, name } = this.#promptOf(params['name']);
    const request = { kind: 'prompts', server, params: { ...params, name } } as const;
    return withoutHopMeta(
      await govern(request, (options) => server.request('prompts/get', request.params, options)),
    );
  }

  async readResource(params: Params, options: ForwardOptions, govern: Govern): Promise<RawResult> {
    const server = await this.#resourceServer(params['uri'], options);
    const request = { kind: 'resources', server, params } as const;
    return withoutHopMeta(
      await govern(request, (granted) => server.request('resources/read', params, granted)),
    );
  }

  async subscribe(params: Params, options: ForwardOptions): Promise<RawResult> {
    const server = await this.#resourceServer(params['uri'], options);
    return withoutHopMeta(await server.subscribe(params, options));
  }

  /** Asks a server that was started again, where it is the one that has the resource. */
  async subscribeAgain(uri: string, at: Upstream): Promise<void> {
    if ((await this.#resourceServer(uri, {})) === at) await at.subscribe({ uri }, {});
  }

  async unsubscribe(params: Params, options: ForwardOptions): Promise<RawResult> {
    const server = await this.#resourceServer(params['uri'], options);
    return withoutHopMeta(await server.unsubscribe(params, options));
  }

  async complete(params: Params, options: ForwardOptions): Promise<RawResult> {
    const ref = params['ref'] as {
      readonly type?: unknown;
      readonly name?: unknown;
      readonly uri?: unknown;
    };
    if (ref.type === 'ref/prompt') {
      const { server, name } = this.#promptOf(ref.name);
      const named = { ...params, ref: { ...ref, name } };
      return withoutHopMeta(await server.request('completion/complete', named, options));
    }
    const server = await this.#resourceServer(ref.uri, options);
    return withoutHopMeta(await server.request('completion/complete', params, options));
  }

  /** Every server that logs is told. */
  async setLevel(params: Params, options: ForwardOptions): Promise<RawResult> {
    const logging = this.#upstreams.filter(
      ({ capabilities }) => capabilities.logging !== undefined,
    );
    await Promise.all(logging.map((server) => server.request('logging/setLevel', params, options)));
    return {};
  }

  #offering(of: 'prompts' | 'resources'): readonly Upstream[] {
    return this.#upstreams.filter(
      ({ capabilities, config, problem }) =>
        problem === undefined && config[of] && capabilities[of] !== undefined,
    );
  }

  #named(server: Upstream, method: ListMethod, page: RawResult): RawResult {
    const shown = withoutHopMeta(page);
    const elements = elementsOf(method, shown);
    const { member } = lists[method];
    if (!this.#isPrefixed || method !== 'prompts/list') return { ...shown, [member]: elements };
    const named = elements.map((prompt) => ({
      ...prompt,
      name: `${server.name}__${String(prompt['name'])}`,
    }));
    return { ...shown, [member]: named };
  }

  #promptOf(name: unknown): { readonly server: Upstream; readonly name: string } {
    const servers = this.#offering('prompts');
    const written = String(name);
    if (!this.#isPrefixed) {
      const [only] = servers;
      if (only !== undefined) return { server: only, name: written };
    }
    const at = written.indexOf('__');
    const server = servers.find((each) => at > 0 && each.name === written.slice(0, at));
    if (server !== undefined) return { server, name: written.slice(at + 2) };
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no prompt ${written}`);
  }

  /** The one server that has a resource. Which of several is meant is not guessed. */
  async #resourceServer(uri: unknown, options: ForwardOptions): Promise<Upstream> {
    const servers = this.#offering('resources');
    const [only] = servers;
    if (servers.length === 1 && only !== undefined) return only;
    const written = String(uri);
    const having: Upstream[] = [];
    for (const server of servers) {
      // One that does not say what it has keeps nobody from what others have.
      const has = hasResource(server, written, within(server, options));
      if (await unless(has, { options, otherwise: false })) having.push(server);
    }
    const [first, ...others] = having;
    if (first !== undefined && others.length === 0) return first;
    const problem =
      first === undefined
        ? `no server has the resource ${written}`
        : `several servers have the resource ${written}: ${having.map(({ name }) => name).join(', ')}`;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, problem, { uri: written });
  }
}

/** Elements that are what the protocol has there: of a list with another, a client takes nothing. */
function elementsOf(method: ListMethod, page: RawResult): readonly RawResult[] {
  const { member, isOne } = lists[method];
  const elements: unknown = page[member];
  if (!Array.isArray(elements)) return [];
  return elements.filter((each: unknown) => isOne(each)) as unknown[] as RawResult[];
}

/** Others wait no longer for one server than it may take to start. */
function within({ config }: Upstream, options: ForwardOptions): ForwardOptions {
  return { ...options, timeoutMs: config.startTimeoutMs };
}

/** What a server says, or `otherwise` where it says nothing; not where the client gave up. */
async function unless<T>(
  said: Promise<T>,
  { options, otherwise }: { readonly options: ForwardOptions; readonly otherwise: T },
): Promise<T> {
  try {
    return await said;
  } catch (failure) {
    if (options.signal?.aborted === true) throw failure;
    return otherwise;
  }
}

async function hasResource(
  server: Upstream,
  uri: string,
  options: ForwardOptions,
): Promise<boolean> {
  const resources = await allOf(server, 'resources/list', options);
  if (resources.some((each) => each['uri'] === uri)) return true;
  const templates = await allOf(server, 'resources/templates/list', options).catch(() => []);
  return isOneOf(templates, uri);
}

/** A template can be written so that it is looked for in an address for ever: then it is none of it. */
function isOneOf(templates: readonly RawResult[], uri: string): boolean {
  if (templates.some(({ uriTemplate }) => uriTemplate === uri)) return true;
  try {
    return withinTime('looking for it', () =>
      templates.some(({ uriTemplate }) => matches(uriTemplate, uri)),
    );
  } catch {
    return false;
  }
}

function matches(template: unknown, uri: string): boolean {
  try {
    return typeof template === 'string' && new UriTemplate(template).match(uri) !== null;
  } catch {
    return false;
  }
}

async function allOf(
  server: Upstream,
  method: ListMethod,
  options: ForwardOptions,
): Promise<readonly RawResult[]> {
  const found: RawResult[] = [];
  const bytes = new PagesBytes(server.config.messageBytesMax);
  let cursor: unknown;
  for (let page = 0; page < pagesMax; page += 1) {
    const result = await server.request(method, cursor === undefined ? {} : { cursor }, options);
    bytes.add(result);
    found.push(...elementsOf(method, result));
    cursor = result['nextCursor'];
    if (typeof cursor !== 'string') break;
  }
  return found;
}

/** Where a list of several servers goes on. */
interface Place {
  readonly server: number;
  readonly cursor?: string;
}

function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** Throws an error of the protocol for what is no cursor of this list. */
function placeOf(shown: unknown): Place {
  if (shown === undefined) return { server: 0 };
  try {
    if (typeof shown !== 'string') throw new TypeError('it is no text');
    const place = JSON.parse(Buffer.from(shown, 'base64url').toString()) as Place;
    const { server, cursor } = place;
    const isPlace = Number.isSafeInteger(server) && server >= 0;
    if (isPlace && (cursor === undefined || typeof cursor === 'string')) return place;
  } catch {
    // It is refused below, whatever it was.
  }
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'the cursor is not one of this list');
}
