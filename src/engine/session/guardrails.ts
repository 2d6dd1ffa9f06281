/**
 * What the active policy asks of code, run before the command is submitted: on what comes into a session, on
 * a call's arguments, on what a tool gave back.
 *
 * Nothing is decided here. What was found goes into the command as facts; the kernel refuses where something
 * that the policy asks for by then has no fact.
 */
import { type EvaluatorSubject, runEvaluators } from '../../evaluators/index.ts';
import {
  type CompiledPolicy,
  compilePolicy,
  type EvaluatorCall,
  type EvaluatorFacts,
  modelIdOf,
  resourceOf,
} from '../../kernel/index.ts';
import { frozenFromCanonical } from '../../log/index.ts';
import { stayAlive } from '../clock.ts';
import type { Core } from '../core/core.ts';
import type { Readable } from '../core/payload.ts';
import type { BoundTool } from '../tools/tool.ts';

/** Who is asking, in which session. */
export interface Asking {
  readonly session: { readonly id: string; readonly agent: string };
  readonly by: { readonly id: string; readonly org: string };
}

/** What a call is, once it is known which tool it is of. */
export interface Call {
  readonly tool: string;
  readonly action: string;
  readonly resource: string;
}

const noCall: Call = { tool: '', action: '', resource: '' };

export function inputFacts(core: Core, asking: Asking, content: Readable) {
  return factsAbout(core, asking, { stage: 'input', call: noCall, content }, ({ input }) => {
    return input.calls;
  });
}

export function callFacts(
  core: Core,
  asking: Asking,
  tool: BoundTool,
  content: { readonly text: string; readonly value: unknown },
  modelName: string | undefined,
) {
  const { name, action } = tool.record;
  const prices = core.options.replica.cache.peek('prices', 'active');
  const model = modelName === undefined ? undefined : modelIdOf(prices, modelName);
  const resource = resourceOf(tool.record, content.value, model) ?? '';
  const call = { tool: name, action, resource };
  return factsAbout(core, asking, { stage: 'tool', call, content }, ({ actions }) => {
    return actions.get(action)?.before;
  });
}

/** Whether the active policy has anything judge what a call gives back. */
export function isOutputJudged(core: Core, asking: Asking, call: Call): boolean {
  const judges = judgesDue(core, asking, call, ({ actions }) => actions.get(call.action)?.output);
  return judges !== undefined;
}

type CallsOf = (policy: CompiledPolicy) => readonly EvaluatorCall[] | undefined;

interface Stage {
  readonly stage: EvaluatorSubject['stage'];
  readonly call: Call;
  readonly content: Readable;
}

/** Undefined where nothing is asked for: most policies ask for nothing, and then nothing is waited for. */
function factsAbout(
  core: Core,
  asking: Asking,
  stage: Stage,
  callsOf: CallsOf,
): Promise<EvaluatorFacts> | undefined {
  const due = judgesDue(core, asking, stage.call, callsOf);
  if (due === undefined) return undefined;
  const { asked, policyHash } = due;
  return factsFound(core, asking, stage, asked).then((found) => ({ policyHash, found }));
}

/** What the active policy asks of code about a call; undefined where that is nothing. */
export function judgesDue(
  core: Core,
  { session, by }: Asking,
  call: Call,
  callsOf: CallsOf,
): { readonly asked: readonly EvaluatorCall[]; readonly policyHash: string } | undefined {
  const active = core.options.replica.cache.peek('policy', 'active');
  if (active === undefined) return undefined;
  const calls = callsOf(compilePolicy(active.document)) ?? [];
  const who = { agent: session.agent, principal: by.id };
  const asked = calls.filter(({ matches }) => matches({ ...who, resource: call.resource }));
  return asked.length === 0 ? undefined : { asked, policyHash: active.hash };
}

/** One fact for each that is asked, in the same order. */
export async function factsFound(
  core: Core,
  { session, by }: Asking,
  { stage, call, content }: Stage,
  asked: readonly EvaluatorCall[],
): Promise<EvaluatorFacts['found']> {
  if ('problem' in content) return asked.map(unreadable(content.problem));
  const subject = {
    agent: session.agent,
    principal: by.id,
    tool: call.tool,
    action: call.action,
    resource: call.resource,
    stage,
    org: by.org,
    session: session.id,
    content: frozenFromCanonical(content.text),
    text: content.text,
  };
  const { evaluators: registry, clock } = core.options;
  // Their time limits do not keep a process alive, and somebody waits for what they find.
  const done = stayAlive();
  try {
    return await runEvaluators({ asked, registry, subject, clock });
  } finally {
    done();
  }
}

/** What cannot be read cannot be judged. */
function unreadable(problem: string): (call: EvaluatorCall) => EvaluatorFacts['found'][number] {
  const reason = `the content cannot be read: ${problem}`;
  return ({ id, evaluator }) => ({
    guardrail: id,
    evaluator,
    outcome: 'error',
    reason,
    durationMs: 0,
  });
}
