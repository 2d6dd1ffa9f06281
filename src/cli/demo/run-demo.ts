/**
 * The demo: governs two runs of a real agent loop on one log, then reads back from the log, the database and
 * the files what happened.
 *
 * The loop is the AI SDK's own; only the model is scripted. Everything between the model and the tools is the
 * library as a user would set it up: in `desk-act.ts` with tools of the host, in `gateway-act.ts` with those
 * of an MCP server.
 */
import { declareTools } from '../../enforce/adapters/ai-sdk.ts';
import { openControlPlane } from '../../engine/index.ts';
import { sqlite } from '../../storage/sqlite/sqlite-storage.ts';
import { type ExitCode, exitCodes } from '../exit.ts';
import { terminal } from '../terminal.ts';
import { deskAct } from './desk-act.ts';
import { deskDeclarations, deskTools, type Witness } from './desk-tools.ts';
import { gatherFacts, type Run } from './facts.ts';
import { fileServer, gatewayAct } from './gateway-act.ts';
import { Narrator } from './narrator.ts';
import { agent, budget, lettersAgent, people, policy, serverName } from './policy.ts';
import { reportChecks, reportSights } from './run-report.ts';
import { sightsOf } from './sights.ts';
import { readTranscript, type Transcript } from './transcript.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

export interface DemoOptions {
  readonly transcript?: string;
  readonly gatewayTranscript?: string;
  readonly json?: true;
  readonly keep?: string;
  readonly fast?: true;
}

interface Stage {
  readonly transcripts: { readonly desk: Transcript; readonly gateway: Transcript };
  readonly workspace: Workspace;
  readonly narrator: Narrator;
  /** The MCP server's file. */
  readonly server: string;
}

export async function runDemo(options: DemoOptions): Promise<ExitCode> {
  const transcripts = {
    desk: readTranscript(options.transcript),
    gateway: readTranscript(options.gatewayTranscript, 'gateway-transcript'),
  };
  const server = fileServer();
  const narrator = new Narrator({
    json: options.json === true,
    fast: options.fast === true || terminal().stdout.isTTY !== true,
  });
  const workspace = openWorkspace(options.keep);
  try {
    narrator.note(`Governed run: ${transcripts.desk.title}`);
    narrator.note(
      `Agent ${agent} works for ${people.desk.id} with a budget of ${budget.usd} usd and ` +
        `${budget.actions} actions.`,
    );
    const run = await bothActs({ transcripts, workspace, narrator, server });
    narrator.heading('The log, and a tampered copy of it');
    const facts = await gatherFacts(workspace, run);
    reportChecks(facts, narrator);
    const sights = sightsOf(facts);
    reportSights(sights, narrator, options.keep);
    return sights.every(({ seen }) => seen) ? exitCodes.ok : exitCodes.bad;
  } finally {
    workspace.dispose();
  }
}

async function bothActs({ transcripts, workspace, narrator, server }: Stage): Promise<Run> {
  const { orders, shared } = workspace;
  const witness: Witness = { signalFired: false, rowsWritten: 0 };
  const tools = deskTools(workspace, witness);
  const plane = await openControlPlane({
    storage: sqlite(workspace.logFile),
    policy,
    agents: [agent],
    tools: await declareTools(tools, deskDeclarations),
  });
  try {
    plane.subscribe((event) => narrator.event(event));
    const desk = await deskAct(plane, { transcript: transcripts.desk, narrator, orders, tools });
    narrator.heading(`Second act: ${transcripts.gateway.title}`);
    narrator.note(
      `Agent ${lettersAgent} works for ${people.letters.id}. It has a client of the gateway, and ` +
        `behind that is the MCP server \`${serverName}\`.`,
    );
    const act = { transcript: transcripts.gateway, narrator, shared, server };
    const gateway = await gatewayAct(plane, act);
    return { desk, gateway, witness };
  } finally {
    await plane.close();
  }
}
