/** Prints what a gateway has pinned: servers, tools, what waits and what changed, and who may ask for it. */
import { compileGlob, type RecordsByKind } from '../../kernel/index.ts';
import { withLogFile } from '../log-file.ts';
import { recordsOf } from '../record-list.ts';
import type { LogOptions } from '../store-options.ts';
import { plainTable } from '../table.ts';
import { brief, colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { type PinnedTool, pinnedTools } from './pinned-tools.ts';

export interface InspectOptions extends LogOptions {
  readonly waiting?: true;
  readonly json?: true;
}

const columns = ['tool', 'server', 'state', 'action', 'definition', 'agents that may ask'];

export function inspectTools(file: string, options: InspectOptions): Promise<void> {
  const { waiting, json } = options;
  return withLogFile(file, options, async ({ storage }) => {
    const all = await pinnedTools(storage);
    const tools = waiting === true ? all.filter(({ state }) => state !== 'registered') : all;
    const agents: RecordsByKind['agent'][] = [];
    for await (const agent of recordsOf(storage, 'agent')) agents.push(agent);
    if (json === true) {
      for (const tool of tools) {
        await print(jsonLine({ ...tool, agents: agentsOf(tool, agents) }));
      }
      return;
    }
    const rows = tools.map((tool) => {
      const { name, server, state, action, definition } = tool;
      const who = agentsOf(tool, agents).join(' ');
      return [...[name, server, state, action, definition.slice(0, 12)].map(shown), brief(who)];
    });
    const table = plainTable(columns, rows, colorsFor(terminal().stdout));
    await print(rows.length === 0 ? 'no tools of MCP servers' : table);
    for (const tool of tools) await printRemarks(tool);
  });
}

/** What somebody should look at before they approve it. */
async function printRemarks({ name, state, difference, signals }: PinnedTool): Promise<void> {
  if (signals.length > 0) await print(`${shown(name)} has ${signals.join(', ')}`);
  if (state === 'changed') await print(`${shown(name)} changed:`);
  for (const line of differenceLines(difference)) await print(line);
}

export function differenceLines(difference: PinnedTool['difference']): readonly string[] {
  return difference.flatMap(({ path, before, after }) => [
    `  ${shown(path)}`,
    ...(before === undefined ? [] : [`  - ${brief(before, 400)}`]),
    ...(after === undefined ? [] : [`  + ${brief(after, 400)}`]),
  ]);
}

/** Agents whose capabilities have the action; policy, budgets and kill switches decide each call. */
function agentsOf(
  { action }: PinnedTool,
  agents: readonly RecordsByKind['agent'][],
): readonly string[] {
  return agents
    .filter(({ status }) => status === 'enabled')
    .filter(({ capabilities }) =>
      capabilities.some(({ actions }) => actions.some((pattern) => compileGlob(pattern)(action))),
    )
    .map(({ org, name }) => `${org}/${name}`)
    .toSorted();
}
