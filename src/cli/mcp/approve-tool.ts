/** Shows the definition of a tool that waits, asks, and lets it out of quarantine. */
import { quoted } from '../../kernel/index.ts';
import { acting } from '../acting.ts';
import type { ActingOptions } from '../acting-options.ts';
import { isConfirmed } from '../ask.ts';
import { CommandError } from '../exit.ts';
import { withLogFile } from '../log-file.ts';
import type { LogOptions } from '../store-options.ts';
import { jsonLine, print, shown, terminal } from '../terminal.ts';
import { differenceLines } from './inspect-tools.ts';
import { type PinnedTool, pinnedTools } from './pinned-tools.ts';

export interface ApproveToolOptions extends ActingOptions {
  readonly server?: string;
  readonly definition?: string;
  readonly reason?: string;
  readonly yes?: true;
}

/** As many as `mcp inspect` shows: a script that lost them all must not approve whatever waits. */
const digitsMin = 12;
const definitionGiven = new RegExp(`^[0-9a-f]{${digitsMin},64}$`);

/** One tool by its name, or with `--server` each that waits of a server, one after the other. */
export async function approveTool(
  file: string,
  name: string | undefined,
  options: ApproveToolOptions,
): Promise<void> {
  const { server, definition } = options;
  if ((name === undefined) === (server === undefined)) {
    throw new CommandError('it is not clear what to approve', 'name a tool, or give `--server`');
  }
  if (server !== undefined && definition !== undefined) {
    throw new CommandError('`--definition` is of one tool', 'name the tool in place of its server');
  }
  if (definition !== undefined && !definitionGiven.test(definition)) {
    const message = `\`--definition\` is a SHA-256, or at least ${digitsMin} of its digits`;
    throw new CommandError(message, 'give it as `mcp inspect` shows it');
  }
  const all = await pinnedOf(file, options);
  const tools = name === undefined ? waitingOf(all, server ?? '') : [waiting(all, name)];
  for (const tool of tools) await approveOne(file, tool, options);
}

async function approveOne(
  file: string,
  tool: PinnedTool,
  options: ApproveToolOptions,
): Promise<void> {
  const { definition, reason, yes, json } = options;
  const { name } = tool;
  if (definition !== undefined && !tool.definition.startsWith(definition)) {
    const message = `tool ${quoted(name)} has the definition ${tool.definition.slice(0, 12)} now`;
    throw new CommandError(message, 'look at it again, and approve what you see');
  }
  show(tool);
  if (yes !== true && !(await isConfirmed(`Approve ${name} as it is?`))) {
    throw new CommandError(`${name} was not approved`);
  }
  await acting(file, options, async (plane, by) => {
    const approved = await plane.tools.approve({
      tool: name,
      definition: tool.definition,
      by,
      ...(reason === undefined ? {} : { reason }),
    });
    if (json === true) return print(jsonLine(approved));
    await print(shown(`tool ${name} is approved as ${approved.definition.slice(0, 12)}`));
  });
}

async function pinnedOf(file: string, options: LogOptions): Promise<readonly PinnedTool[]> {
  return withLogFile(file, options, ({ storage }) => pinnedTools(storage));
}

function waitingOf(all: readonly PinnedTool[], server: string): readonly PinnedTool[] {
  const found = all.filter((tool) => tool.server === server && tool.state !== 'registered');
  if (found.length > 0) return found;
  throw new CommandError(
    `no tool of the server ${quoted(server)} waits`,
    'see `mcp inspect --waiting`',
  );
}

function waiting(all: readonly PinnedTool[], name: string): PinnedTool {
  const found = all.find((tool) => tool.name === name);
  if (found !== undefined && found.state !== 'registered') return found;
  throw new CommandError(
    found === undefined ? `there is no tool ${quoted(name)}` : `tool ${quoted(name)} does not wait`,
    'see `mcp inspect --waiting`',
  );
}

/** To its end: what a model is shown of a tool is what has to be looked at. */
function show(tool: PinnedTool): void {
  const { stderr } = terminal();
  const { name, server, state, action, resource, definition, declared, difference, signals } = tool;
  const lines = [
    `${name} of the server ${server} ${state === 'new' ? 'is new' : 'changed'}`,
    `action ${action}, resource ${resource}, definition ${definition}`,
    ...(signals.length === 0 ? [] : [`it has ${signals.join(', ')}`]),
  ].map(shown);
  const whole = JSON.stringify(declared ?? 'it was erased', null, 2)
    .split('\n')
    .map(shown);
  // Of what was erased nobody can say what is other now.
  const isKnown = state === 'changed' && difference.length > 0;
  const changes = isKnown ? differenceLines(difference, shown) : whole;
  stderr.write(`${[...lines, ...changes].join('\n')}\n`);
}
