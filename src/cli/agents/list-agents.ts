/** Prints the agents of a log. */
import { compareText, everyOrg, type RecordsByKind } from '../../kernel/index.ts';
import { withLogFile } from '../log-file.ts';
import { recordsOf } from '../record-list.ts';
import { plainTable } from '../table.ts';
import { brief, colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import type { LogOptions } from '../store-options.ts';

export interface AgentListOptions extends LogOptions {
  readonly org?: string;
  readonly json?: true;
}

const columns = ['agent', 'version', 'status', 'owner', 'may ask for'];

export function listAgents(file: string, options: AgentListOptions): Promise<void> {
  const { org, json } = options;
  return withLogFile(file, options, async ({ storage }) => {
    const agents: RecordsByKind['agent'][] = [];
    for await (const agent of recordsOf(storage, 'agent')) {
      if (org === undefined || agent.org === org || agent.org === everyOrg) agents.push(agent);
    }
    agents.sort(
      (left, right) => compareText(left.org, right.org) || compareText(left.name, right.name),
    );
    if (json === true) {
      for (const agent of agents) await print(jsonLine(agent));
      return;
    }
    const rows = agents.map((agent) => {
      const { version, status, owner = '-', capabilities } = agent;
      const actions = capabilities.flatMap((each) => each.actions).join(' ');
      return [...[agentName(agent), version, status, owner].map(shown), brief(actions)];
    });
    const table = plainTable(columns, rows, colorsFor(terminal().stdout));
    await print(rows.length === 0 ? 'no agents' : table);
  });
}

/** Whose agent it is, and its name. */
export function agentName({ org, name }: RecordsByKind['agent']): string {
  return `${org}/${name}`;
}
