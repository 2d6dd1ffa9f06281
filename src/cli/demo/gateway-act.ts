/**
 * The second act: the same loop, on tools that somebody else wrote. The official MCP server for files runs
 * as a process of its own behind the gateway, and the agent has a client of the gateway and nothing else.
 */
import { createRequire } from 'node:module';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { isStepCount, ToolLoopAgent } from 'ai';
import { openGateway, readGatewayFile } from '../../enforce/mcp/index.ts';
import type { ControlPlane } from '../../engine/index.ts';
import { CommandError } from '../exit.ts';
import { Bystanders } from './bystanders.ts';
import type { GatewayRun } from './facts.ts';
import { mcpTools } from './mcp-tools.ts';
import type { Narrator } from './narrator.ts';
import { Observer } from './observer.ts';
import { approvalMs, lettersAgent, people, serverName } from './policy.ts';
import { ScriptedModel } from './scripted-model.ts';
import type { SharedFolder } from './shared-folder.ts';
import type { Transcript, TranscriptCall } from './transcript.ts';

const serverPackage = '@modelcontextprotocol/server-filesystem';

/** The server's own file. Throws a `CommandError` where its package is not installed. */
export function fileServer(): string {
  try {
    return createRequire(import.meta.url).resolve(`${serverPackage}/dist/index.js`);
  } catch (failure) {
    const help = `install it beside this package: npm install ${serverPackage}`;
    throw new CommandError(`the demo needs the package \`${serverPackage}\``, help, {
      cause: failure,
    });
  }
}

export interface GatewayAct {
  readonly transcript: Transcript;
  readonly narrator: Narrator;
  readonly shared: SharedFolder;
  /** The file that `fileServer` found. */
  readonly server: string;
}

export async function gatewayAct(plane: ControlPlane, act: GatewayAct): Promise<GatewayRun> {
  const { transcript, narrator, shared, server } = act;
  const file = gatewayFile([process.execPath, server, shared.path]);
  const gateway = await openGateway({ plane, config: readGatewayFile(file, {}).config });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const connection = await gateway.connect(far);
  const client = new Client({ name: 'letters', version: '1' });
  const bystanders = new Bystanders(plane, narrator, 'that is what we owe her');
  const unsubscribe = plane.subscribe((event) => bystanders.onEvent(event));
  try {
    await client.connect(near);
    const tools = await mcpTools(client);
    const listed = Object.keys(tools);
    narrator.fact('listed', `to the agent: ${listed.join(', ')}`);
    const witnessed = (call: TranscriptCall): string | undefined => lettersText(shared, call);
    const observer = new Observer({ narrator, bystanders, witnessed });
    const loop = new ToolLoopAgent({
      model: new ScriptedModel(transcript, observer),
      tools,
      stopWhen: isStepCount(transcript.steps.length + 1),
      onStepEnd: ({ content }) => observer.onStepEnd(content),
    });
    const { text } = await loop.generate({ prompt: 'Answer what came in.' });
    narrator.says(text);
    await bystanders.settled();
    return { observed: observer.observed, listed };
  } finally {
    await client.close();
    await connection.closed;
    unsubscribe();
  }
}

/** The gateway's configuration, as it would be in a file. */
function gatewayFile(command: readonly string[]): object {
  const { id, org, roles } = people.letters;
  const resource = 'shared/{+path}';
  return {
    format: 1,
    principal: { id, org, roles },
    agent: lettersAgent,
    firstSight: 'accept',
    approvals: { waitMs: approvalMs },
    servers: {
      [serverName]: {
        command,
        tools: {
          read_text_file: { resource },
          write_file: { resource },
          edit_file: { resource },
        },
      },
    },
  };
}

/** What a write is about, as the file has it. */
function lettersText({ letters }: SharedFolder, { tool }: TranscriptCall): string | undefined {
  if (tool === `${serverName}__read_text_file`) return undefined;
  return `${letters.length === 1 ? '1 letter' : `${letters.length} letters`} to be sent`;
}
