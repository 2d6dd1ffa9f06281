/**
 * A server's tool in the control plane's terms. All that the server says of it is pinned: name, title,
 * description, schemas, annotations, icons, and whatever else is there. What it says of itself decides
 * nothing: action, resource and cost are the host's to say.
 */
import type { Tool } from '@modelcontextprotocol/client';
import {
  bindTool,
  type BoundTool,
  ControlPlaneError,
  type ToolDeclaration,
} from '../../../engine/index.ts';
import { injectionSignals } from '../../../evaluators/index.ts';
import type { ServerConfig } from '../config/config.ts';

/** A tool that a server offers and that can be governed. */
export interface OfferedTool {
  /** As clients call it. */
  readonly name: string;
  readonly server: string;
  /** As the server sent it. */
  readonly raw: Tool;
  readonly declaration: ToolDeclaration;
  readonly bound: BoundTool;
  /** What makes it look as if it were written to steer a model, or to hide something. */
  readonly signals: readonly string[];
}

/** Points from which on a definition is not accepted without somebody who looked at it. */
const signalsThreshold = 2;

export function qualifiedName(server: ServerConfig, tool: string, isPrefixed: boolean): string {
  return isPrefixed ? `${server.name}__${tool}` : tool;
}

/** Throws `tool-ungovernable` for what cannot be pinned, such as a name that is none. */
export function offeredTool(raw: Tool, server: ServerConfig, isPrefixed: boolean): OfferedTool {
  const { name: original, description, inputSchema, ...foreign } = raw;
  const terms = server.tools.get(original);
  const name = qualifiedName(server, original, isPrefixed);
  if (description !== undefined && typeof description !== 'string') {
    throw new ControlPlaneError(
      'tool-ungovernable',
      `tool \`${name}\` has a description that is no text`,
    );
  }
  if (typeof inputSchema !== 'object' || inputSchema === null) {
    throw new ControlPlaneError(
      'tool-ungovernable',
      `tool \`${name}\` has no schema of its arguments`,
    );
  }
  // What is pinned says there which server it is of: what this one said under that name would not be in it.
  if (Object.hasOwn(foreign, 'server')) {
    throw new ControlPlaneError(
      'tool-ungovernable',
      `tool \`${name}\` has a member \`server\`, which could change without a change of its pin`,
    );
  }
  const declaration: ToolDeclaration = {
    name,
    action: terms?.action ?? `${server.name}.${original}`,
    inputSchema,
    foreign: { ...foreign, name: original, server: server.name },
    ...(description === undefined ? {} : { description }),
    ...(terms?.resource === undefined ? {} : { resource: terms.resource }),
    ...(terms?.estimate === undefined ? {} : { estimate: terms.estimate }),
  };
  const bound = bindTool(declaration);
  const signals = signalsOf(bound.foreignText ?? '');
  return { name, server: server.name, raw, declaration, bound, signals };
}

/** A definition with little suspicious in it passes: honest descriptions have a word of the list, too. */
function signalsOf(definition: string): readonly string[] {
  const texts: string[] = [];
  JSON.parse(definition, (name, value: unknown) => {
    texts.push(name);
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  const signals = injectionSignals(texts.join('\n'));
  const points = [...signals.values()].reduce((sum, each) => sum + each, 0);
  return points < signalsThreshold ? [] : [...signals.keys()];
}

/** Whether two definitions, as canonical JSON, say the same but for what the host says. */
export function isSameButForHost(left: string, right: string): boolean {
  return foreignPart(left) === foreignPart(right);
}

function foreignPart(definition: string): string {
  const { name, description, inputSchema, foreign } = JSON.parse(definition) as ToolDeclaration;
  return JSON.stringify([name, description, inputSchema, foreign]);
}
