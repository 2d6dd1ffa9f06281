/**
 * The tools that servers offer one client, each held against what the log has pinned.
 *
 * A tool that was never met is quarantined, or registered where the configuration accepts it; one that is
 * other than it was is quarantined whatever the configuration says. Whether anything of it runs is the
 * kernel's to say, at each call.
 */
import { isSpecType, type Tool } from '@modelcontextprotocol/client';
import { type ControlPlane, ControlPlaneError } from '../../../engine/index.ts';
import { quoted } from '../../../kernel/index.ts';
import {
  configLimits,
  type GatewayConfig,
  passingLimits,
  type ServerConfig,
} from '../config/config.ts';
import { InTurn } from '../../in-turn.ts';
import { runsTasks } from '../upstream/run-as-task.ts';
import { PagesBytes } from '../upstream/pages-bytes.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { isSameButForHost, offeredTool, type OfferedTool, qualifiedName } from './definition.ts';

/** A tool that is not offered, whoever asks. */
export interface RefusedTool {
  readonly name: string;
  readonly server: string;
  readonly problem: string;
}

interface ServerTools {
  /** To which it was told; undefined where it was away. */
  readonly connection: object | undefined;
  readonly offered: ReadonlyMap<string, OfferedTool>;
  readonly refused: readonly RefusedTool[];
}

const pagesMax = 100;

export class Catalogue {
  readonly #plane: ControlPlane;
  readonly #config: GatewayConfig;
  readonly #report: (message: string) => void;
  readonly #byServer = new Map<string, ServerTools>();
  /** Terms of which was told that they have no effect, by their paths. */
  readonly #senseless = new Set<string>();
  /** What was pinned of each server, or was to wait: bytes of it, and by tool what it was last. */
  readonly #told = new Map<string, { bytes: number; readonly definitions: Map<string, string> }>();
  /** One look at a server at a time: the later sees what the earlier pinned. */
  readonly #looking = new InTurn();

  constructor(plane: ControlPlane, config: GatewayConfig, report: (message: string) => void) {
    this.#plane = plane;
    this.#config = config;
    this.#report = report;
  }

  /** By the exact name that clients call. */
  get(name: string): OfferedTool | undefined {
    for (const { offered } of this.#byServer.values()) {
      const tool = offered.get(name);
      if (tool !== undefined) return tool;
    }
    return undefined;
  }

  get offered(): readonly OfferedTool[] {
    return [...this.#byServer.values()].flatMap(({ offered }) => [...offered.values()]);
  }

  get refused(): readonly RefusedTool[] {
    return [...this.#byServer.values()].flatMap(({ refused }) => refused);
  }

  /** Why nothing is sent to a server now, or undefined: one that was started again may have other tools. */
  problemOf(upstream: Upstream): string | undefined {
    if (upstream.problem !== undefined) return upstream.problem;
    if (this.#byServer.get(upstream.name)?.connection === upstream.connection) return undefined;
    return 'it was started again, and has not said yet what it offers';
  }

  /** Names that end in this one after their prefix: what a caller without a prefix may have meant. */
  meant(name: string): readonly string[] {
    const meant = this.offered.filter(({ raw }) => raw.name === name);
    return meant.map((tool) => tool.name).toSorted();
  }

  /** Asks a server for its tools and pins them. What it offered before is gone while it is away. */
  look(upstream: Upstream): Promise<void> {
    return this.#looking.do(upstream.name, () => this.#look(upstream));
  }

  async #look(upstream: Upstream): Promise<void> {
    const { connection } = upstream;
    let tools: readonly Tool[];
    try {
      tools = upstream.capabilities.tools === undefined ? [] : await listed(upstream);
      this.#saySenseless(upstream.config, tools);
    } catch (failure) {
      this.#report(`server ${upstream.name}: its tools cannot be listed: ${String(failure)}`);
      tools = [];
    }
    const { offered, refused } = this.#sorted(tools, upstream);
    // All at once: what is submitted together is committed together.
    const pinned = [...offered.values()].map(async (tool) => {
      const problem = await this.#pin(tool, upstream.config);
      if (problem === undefined) return;
      offered.delete(tool.name);
      refused.push({ name: tool.name, server: tool.server, problem });
      this.#report(`server ${tool.server}: ${problem}; it is not offered`);
    });
    await Promise.all(pinned);
    this.#byServer.set(upstream.name, { connection, offered, refused });
  }

  /** Terms of a tool that is not there have no effect; a misspelt `hidden` would show what it was to hide. */
  #saySenseless({ name: server, tools: terms }: ServerConfig, tools: readonly Tool[]): void {
    for (const name of terms.keys()) {
      const path = `servers.${server}.tools.${name}`;
      if (tools.some((tool) => tool.name === name) || this.#senseless.has(path)) continue;
      this.#senseless.add(path);
      this.#report(`\`${path}\` of the configuration has no effect: the server has no such tool`);
    }
  }

  #sorted(tools: readonly Tool[], upstream: Upstream) {
    const { config: server } = upstream;
    const offered = new Map<string, OfferedTool>();
    const refused: RefusedTool[] = [];
    const times = new Map<string, number>();
    for (const { name } of tools) times.set(name, (times.get(name) ?? 0) + 1);
    for (const raw of tools) {
      if (server.tools.get(raw.name)?.isHidden === true) continue;
      const problem = problemOf(raw, times, runsTasks(upstream));
      try {
        if (problem !== undefined) throw new ControlPlaneError('tool-ungovernable', problem);
        const tool = offeredTool(raw, server, this.#config.isPrefixed);
        offered.set(tool.name, tool);
      } catch (failure) {
        if (!ControlPlaneError.is(failure)) throw failure;
        const name = qualifiedName(server, raw.name, this.#config.isPrefixed);
        refused.push({ name, server: server.name, problem: failure.message });
        this.#report(`server ${server.name}: ${failure.message}; it is not offered`);
      }
    }
    return { offered, refused };
  }

  /** The log keeps each definition for good: a server that has another one at each look would fill it. */
  #tooMuchToPin({ name, server, bound }: OfferedTool): string | undefined {
    const { record, foreignText = '' } = bound;
    const told = this.#told.get(server) ?? { bytes: 0, definitions: new Map<string, string>() };
    this.#told.set(server, told);
    if (told.definitions.get(name) === record.definition) return undefined;
    const bytes = told.bytes + Buffer.byteLength(foreignText);
    const { definitionsBytesMax } = passingLimits;
    if (bytes > definitionsBytesMax) {
      const problem = `its server said more than ${definitionsBytesMax} bytes of its tools`;
      return `of the tool ${quoted(name)} nothing more is pinned: ${problem}`;
    }
    told.bytes = bytes;
    told.definitions.set(name, record.definition);
    return undefined;
  }

  /** Why the tool cannot be offered at all, or undefined once it is pinned. */
  async #pin(tool: OfferedTool, server: ServerConfig): Promise<string | undefined> {
    const { tools } = this.#plane;
    const { name, bound, declaration, signals } = tool;
    const known = tools.get(name);
    const waits = known?.quarantine !== undefined;
    if (!waits && known?.definition === bound.record.definition) return undefined;
    const tooMuch = this.#tooMuchToPin(tool);
    if (tooMuch !== undefined) return tooMuch;
    const { approved } = await tools.definitions(name);
    if (known !== undefined && !waits) {
      // A name that the host gave to a tool of its own is not a server's to take.
      if (approved === undefined) return `the name ${quoted(name)} is a tool of the host`;
      // The server's part is what was approved; the host says something else of it now.
      if (isSameButForHost(approved, bound.foreignText ?? '')) {
        await this.#plane.registerTool(declaration, { replace: true });
        return undefined;
      }
    }
    if (known === undefined && server.firstSight === 'accept' && signals.length === 0) {
      await this.#plane.registerTool(declaration);
      return undefined;
    }
    const { quarantine } = await tools.quarantine(declaration);
    const suspicion = signals.length === 0 ? '' : `; it has ${signals.join(', ')}`;
    const what = quarantine?.wasApproved === true ? 'changed' : 'is new';
    this.#report(`tool ${name} ${what} and waits for an operator${suspicion}`);
    return undefined;
  }
}

/** Why a tool cannot be offered at all. */
function problemOf(
  tool: Tool,
  times: ReadonlyMap<string, number>,
  hasTasks: boolean,
): string | undefined {
  const { name, execution } = tool;
  // A client would take nothing of a list that has such a one in it, other servers' tools included.
  if (!isSpecType.Tool(tool)) return `the tool ${quoted(name)} is not what the protocol calls one`;
  if (execution?.taskSupport === 'required' && !hasTasks) {
    return `the tool ${quoted(name)} only runs as a task, and its server runs none`;
  }
  if ((times.get(name) ?? 0) < 2) return undefined;
  return `the tool ${quoted(name)} is there several times, and one would shadow the other`;
}

/** All pages. Throws where there are too many tools, too much of them, or pages without end. */
async function listed(upstream: Upstream): Promise<readonly Tool[]> {
  const tools: Tool[] = [];
  const { startTimeoutMs: timeoutMs, messageBytesMax } = upstream.config;
  const bytes = new PagesBytes(messageBytesMax);
  let cursor: unknown;
  for (let page = 0; page < pagesMax; page += 1) {
    const params = cursor === undefined ? undefined : { cursor };
    const result = await upstream.request('tools/list', params, { timeoutMs });
    bytes.add(result);
    const found = result['tools'];
    if (!Array.isArray(found)) throw new Error('it answered without a list of tools');
    for (const tool of found as unknown[]) tools.push(asTool(tool));
    if (tools.length > configLimits.toolsMax) {
      throw new Error(`it has more than ${configLimits.toolsMax} tools`);
    }
    cursor = result['nextCursor'];
    if (typeof cursor !== 'string') return tools;
  }
  throw new Error('its list of tools does not end');
}

function asTool(value: unknown): Tool {
  if (typeof value === 'object' && value !== null && typeof (value as Tool).name === 'string') {
    return value as Tool;
  }
  throw new Error('one of its tools has no name');
}
