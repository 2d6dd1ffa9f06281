/**
 * The first act: an agent at a refund desk, with tools of its host's own. Everything between the model and
 * the tools is the library as a user would set it up.
 */
import { isStepCount, ToolLoopAgent } from 'ai';
import { governTools, recordUnknownTools } from '../../enforce/adapters/ai-sdk.ts';
import type { ControlPlane } from '../../engine/index.ts';
import { Bystanders } from './bystanders.ts';
import { deskDeclarations, type DeskTools } from './desk-tools.ts';
import type { DeskRun } from './facts.ts';
import type { Narrator } from './narrator.ts';
import { Observer } from './observer.ts';
import { agent, budget, people } from './policy.ts';
import { ScriptedModel } from './scripted-model.ts';
import type { Transcript, TranscriptCall } from './transcript.ts';
import type { OrderBook } from './workspace.ts';

export interface DeskAct {
  readonly transcript: Transcript;
  readonly narrator: Narrator;
  readonly orders: OrderBook;
  readonly tools: DeskTools;
}

export async function deskAct(plane: ControlPlane, act: DeskAct): Promise<DeskRun> {
  const { transcript, narrator, orders, tools } = act;
  const bystanders = new Bystanders(plane, narrator, 'the photos show the damage');
  const unsubscribe = plane.subscribe((event) => bystanders.onEvent(event));
  try {
    const principal = plane.identity.assert(people.desk);
    const session = await plane.openSession({ principal, agent, budget });
    const witnessed = (call: TranscriptCall): string | undefined => orderText(orders, call);
    const observer = new Observer({ narrator, bystanders, witnessed });
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
    return { session: session.id, observed: observer.observed };
  } finally {
    unsubscribe();
  }
}

/** The row of the order that a refund is about, as the database has it. */
function orderText(orders: OrderBook, call: TranscriptCall): string | undefined {
  if (call.tool !== 'refund_order' || !('orderId' in call.arguments)) return undefined;
  const { orderId } = call.arguments;
  const row = orders.all().find(({ id }) => id === orderId);
  if (row === undefined) return undefined;
  const { count } = orders.refunds(row.id);
  const refunds = count === 1 ? '1 refund' : `${count} refunds`;
  return `${row.id} in the order database: total ${row.total}, refunded ${row.refunded} in ${refunds}`;
}
