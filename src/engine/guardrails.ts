/**
 * Guardrails: the checks by code that the active policy asks for, run before the command is submitted.
 *
 * Nothing is decided here. What was found goes into the command as facts; the kernel denies where a
 * guardrail of the policy that is active by then has no fact.
 */
import { type EvaluatorRegistry, runEvaluators } from '../evaluators/index.ts';
import {
  compilePolicy,
  type EvaluatorFacts,
  expandResource,
  type GuardrailDocument,
  guardrailsFor,
  type PolicyDocument,
} from '../kernel/index.ts';
import type { Core } from './core.ts';
import type { BoundTool } from './tool.ts';

/** What is known of a call before it is decided. */
interface Call {
  readonly session: { readonly id: string; readonly agent: string };
  readonly by: { readonly id: string; readonly org: string };
  readonly tool: BoundTool;
  readonly read: { readonly text: string; readonly value: unknown };
}

/** Runs what the active policy asks for; undefined where it asks for nothing. */
export function guardrailFacts(core: Core, call: Call): Promise<EvaluatorFacts> | undefined {
  const active = core.options.replica.cache.peek('policy', 'active');
  if (active?.document.guardrails === undefined) return undefined;
  const { session, by, tool, read } = call;
  const { name, action } = tool.record;
  const resource = expandResource(tool.record.resource, read.value) ?? '';
  const subject = { action, resource, agent: session.agent, principal: by.id };
  const guardrails = guardrailsFor(compilePolicy(active.document), subject);
  if (guardrails.length === 0) return undefined;
  const found = runEvaluators({
    guardrails,
    registry: core.options.evaluators,
    subject: {
      ...subject,
      tool: name,
      org: by.org,
      session: session.id,
      arguments: read.value,
      text: read.text,
    },
    clock: core.options.clock,
  });
  return found.then((facts) => ({ policyHash: active.hash, found: facts }));
}

/** Why this process could not run a policy's guardrails, so that every call would be denied. */
export function unrunnable(document: unknown, registry: EvaluatorRegistry): string | undefined {
  // The kernel checks the shape; what has none is its business.
  const guardrails: unknown = (document as Partial<PolicyDocument> | null)?.guardrails?.tool;
  if (!Array.isArray(guardrails)) return undefined;
  for (const [position, guardrail] of (guardrails as readonly unknown[]).entries()) {
    const { evaluator, config } = { ...(guardrail as Partial<GuardrailDocument> | null) };
    const problem = registry.checkConfig(String(evaluator), config);
    if (problem !== undefined) return `\`guardrails.tool[${position}]\`: ${problem}`;
  }
  return undefined;
}
