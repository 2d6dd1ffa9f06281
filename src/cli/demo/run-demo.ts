/**
 * The demo: governs one run of a real agent loop, then reads back from its log and database what happened.
 *
 * The loop is the AI SDK's own; only the model is scripted. Everything between the model and the tools is the
 * library as a user would set it up, in `governedRun`.
 */
import { isStepCount, ToolLoopAgent } from 'ai';
import { declareTools, governTools, recordUnknownTools } from '../../enforce/adapters/ai-sdk.ts';
import { openControlPlane } from '../../engine/index.ts';
import { sqlite } from '../../storage/sqlite/sqlite-storage.ts';
import { type ExitCode, exitCodes } from '../exit.ts';
import { terminal } from '../terminal.ts';
import { Bystanders } from './bystanders.ts';
import { deskDeclarations, deskTools, type Witness } from './desk-tools.ts';
import { type Facts, gatherFacts } from './facts.ts';
import { Narrator } from './narrator.ts';
import { Observer } from './observer.ts';
import { agent, budget, people, policy } from './policy.ts';
import { reportChecks, reportSights } from './run-report.ts';
import { ScriptedModel } from './scripted-model.ts';
import { sightsOf } from './sights.ts';
import { readTranscript, type Transcript } from './transcript.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

export interface DemoOptions {
  readonly transcript?: string;
  readonly json?: true;
  readonly keep?: string;
  readonly fast?: true;
}

export async function runDemo(options: DemoOptions): Promise<ExitCode> {
  const transcript = readTranscript(options.transcript);
  const narrator = new Narrator({
    json: options.json === true,
    fast: options.fast === true || terminal().stdout.isTTY !== true,
  });
  const workspace = openWorkspace(options.keep);
  try {
    narrator.note(`Governed run: ${transcript.title}`);
    narrator.note(
      `Agent ${agent} works for ${people.desk.id} with a budget of ${budget.usd} usd and ` +
        `${budget.actions} actions.`,
    );
    const run = await governedRun(transcript, workspace, narrator);
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

/** The part that a user of the library would write. */
async function governedRun(
  transcript: Transcript,
  workspace: Workspace,
  narrator: Narrator,
): Promise<Pick<Facts, 'session' | 'observed' | 'witness'>> {
  const witness: Witness = { signalFired: false, rowsWritten: 0 };
  const tools = deskTools(workspace, witness);
  const plane = await openControlPlane({
    storage: sqlite(workspace.logFile),
    policy,
    agents: [agent],
    tools: await declareTools(tools, deskDeclarations),
  });
  try {
    const bystanders = new Bystanders(plane, narrator);
    plane.subscribe((event) => {
      narrator.event(event);
      bystanders.onEvent(event);
    });
    const principal = plane.identity.assert(people.desk);
    const session = await plane.openSession({ principal, agent, budget });
    const observer = new Observer(workspace.orders, narrator, bystanders);
    const loop = new ToolLoopAgent({
      model: new ScriptedModel(transcript, observer),
      tools: await governTools(session, tools, deskDeclarations),
      repairToolCall: recordUnknownTools(session),
      stopWhen: isStepCount(transcript.steps.length + 1),
      onStepEnd: ({ content }) => observer.onStepEnd(content),
    });
    const { text } = await loop.generate({ prompt: 'Look after the refund desk this morning.' });
    narrator.says(text);
    await bystanders.settled();
    narrator.heading('The session is closed');
    await session.complete('the morning is over');
    return { session: session.id, observed: observer.observed, witness };
  } finally {
    await plane.close();
  }
}
