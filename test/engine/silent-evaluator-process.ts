/** A process of its own whose guardrail never answers, with nothing else going on. */
import {
  ActionRefused,
  defineEvaluator,
  guard,
  memory,
  openControlPlane,
} from '../../src/index.ts';

const silent = defineEvaluator({
  name: 'silent',
  description: 'never answers',
  evaluate: () => new Promise(() => {}),
});
const tool = { name: 't', action: 'act' };
const plane = await openControlPlane({
  storage: memory(),
  policy: {
    format: 1,
    version: 1,
    actions: { act: {} },
    tiers: { unrestricted: ['act'] },
    guardrails: { tool: [{ id: 'g', evaluator: 'silent', timeoutMs: 50 }] },
  },
  agents: ['bot'],
  tools: [tool],
  evaluators: [silent],
});
const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'bot' });
// Nothing but this keeps the process alive.
const refusal = await guard(session, { ...tool, execute: () => 'ran' })({}).catch(
  (failure: unknown) => failure,
);
process.stdout.write(ActionRefused.is(refusal) ? refusal.decision.message : String(refusal));
await plane.close();
