/**
 * What the active policy asks of code, run before the command is submitted: on what comes into a session, on
 * a call's arguments, on what a tool gave back.
 *
 * Nothing is decided here. What was found goes into the command as facts; the kernel refuses where something
 * that the policy asks for by then has no fact.
 */
import { type EvaluatorSubject, runEvaluators } from '../evaluators/index.ts';
import {
  type CompiledPolicy,
  compilePolicy,
  type EvaluatorCall,
  type EvaluatorFacts,
  modelIdOf,
  resourceOf,
} from '../kernel/index.ts';
import { frozenFromCanonical } from '../log/index.ts';
import type { Core } from './core.ts';
import type { Readable } from './payload.ts';
import type { BoundTool } from './tool.ts';

/** Who is asking, in which session. */
export interface Asking {
  readonly session: { readonly id: string; readonly agent: string };
  readonly by: { readonly id: string; readonly org: string };
}

/** What a call is, once it is known which tool it is of. */
interface Call {
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

export function outputFacts(core: Core, asking: Asking, call: Call, content: Readable) {
  return factsAbout(core, asking, { stage: 'output', call, content }, ({ actions }) => {
    return actions.get(call.action)?.output;
  });
}

/** Whether the active policy has anything judge what a call gives back. */
export function isOutputJudged(core: Core, { session, by }: Asking, call: Call): boolean {
  const active = core.options.replica.cache.peek('policy', 'active');
  if (active === undefined) return false;
  const judges = compilePolicy(active.document).actions.get(call.action)?.output ?? [];
  const who = { agent: session.agent, principal: by.id };
  return judges.some(({ matches }) => matches({ ...who, resource: call.resource }));
}

interface Stage {
  readonly stage: EvaluatorSubject['stage'];
  readonly call: Call;
  readonly content: Readable;
}

/** Undefined where nothing is asked for: most policies ask for nothing, and then nothing is waited for. */
function factsAbout(
  core: Core,
  { session, by }: Asking,
  { stage, call, content }: Stage,
  callsOf: (policy: CompiledPolicy) => readonly EvaluatorCall[] | undefined,
): Promise<EvaluatorFacts> | undefined {
  const active = core.options.replica.cache.peek('policy', 'active');
  if (active === undefined) return undefined;
  const calls = callsOf(compilePolicy(active.document));
  if (calls === undefined || calls.length === 0) return undefined;
  const who = { agent: session.agent, principal: by.id };
  const asked = calls.filter(({ matches }) => matches({ ...who, resource: call.resource }));
  if (asked.length === 0) return undefined;
  const policyHash = active.hash;
  if ('problem' in content) {
    return Promise.resolve({ policyHash, found: asked.map(unreadable(content.problem)) });
  }
  const { text } = content;
  const value = frozenFromCanonical(text);
  const subject = {
    ...who,
    ...call,
    stage,
    org: by.org,
    session: session.id,
    content: value,
    text,
  };
  const { evaluators: registry, clock } = core.options;
  return runEvaluators({ asked, registry, subject, clock }).then((found) => ({
    policyHash,
    found,
  }));
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
