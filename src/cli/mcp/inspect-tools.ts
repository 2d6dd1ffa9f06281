/** Prints what a gateway has pinned: tools, what waits, what changed, and what each agent may do. */
import { withLogFile } from '../log-file.ts';
import type { LogOptions } from '../store-options.ts';
import { plainTable } from '../table.ts';
import { brief, colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { type AgentOutlook, agentOutlooks, type WhoAsks } from './agent-outlooks.ts';
import { type PinnedTool, pinnedTools } from './pinned-tools.ts';

export interface InspectOptions extends LogOptions, WhoAsks {
  readonly waiting?: true;
  readonly json?: true;
}

const columns = ['tool', 'server', 'state', 'action', 'definition'];
const outlookColumns = ['tool', 'agent', 'may', 'by'];

export function inspectTools(file: string, options: InspectOptions): Promise<void> {
  const { waiting, json } = options;
  return withLogFile(file, options, async ({ storage }) => {
    const all = await pinnedTools(storage);
    const tools = waiting === true ? all.filter(({ state }) => state !== 'registered') : all;
    const names = tools.map(({ name }) => name);
    const outlooks = await agentOutlooks(storage, names, options);
    if (json === true) {
      for (const tool of tools) {
        const agents = outlooks.filter((each) => each.tool === tool.name);
        await print(jsonLine({ ...tool, agents }));
      }
      return;
    }
    if (tools.length === 0) return print('no tools of MCP servers');
    const rows = tools.map(({ name, server, state, action, definition }) =>
      [name, server, state, action, definition.slice(0, 12)].map(shown),
    );
    const colors = colorsFor(terminal().stdout);
    await print(plainTable(columns, rows, colors));
    for (const tool of tools) await printRemarks(tool);
    if (outlooks.length === 0) return;
    await print('');
    await print(plainTable(outlookColumns, outlooks.map(outlookRow), colors));
  });
}

function outlookRow({ tool, agent, may, code, by, dependsOn }: AgentOutlook): readonly string[] {
  const reason = by.length === 0 ? code : by.join(' ');
  const why = dependsOn.length === 0 ? reason : `${reason}; depends on ${dependsOn.join(' ')}`;
  return [...[tool, agent, may.join(' or ')].map(shown), brief(why, 200)];
}

/** What somebody should look at before they approve it. */
async function printRemarks({ name, state, difference, signals }: PinnedTool): Promise<void> {
  if (signals.length > 0) await print(`${shown(name)} has ${signals.join(', ')}`);
  if (state === 'changed') await print(`${shown(name)} changed:`);
  const lines = differenceLines(difference, (text) => brief(text, 400));
  for (const line of lines) await print(line);
}

/** `safe` writes what anybody may have written so that a terminal can show it, in whole or in part. */
export function differenceLines(
  difference: PinnedTool['difference'],
  safe: (text: string) => string,
): readonly string[] {
  return difference.flatMap(({ path, before, after }) => [
    `  ${shown(path)}`,
    ...(before === undefined ? [] : [`  - ${safe(before)}`]),
    ...(after === undefined ? [] : [`  + ${safe(after)}`]),
  ]);
}
