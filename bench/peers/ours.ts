/** This project's evaluation, called as the engine calls it: the compiled form is looked up each time. */
import {
  checkPolicy,
  compilePolicy,
  evaluatePolicy,
  type PolicyDocument,
} from '../../src/kernel/index.ts';
import type { Engine } from './engine.ts';
import { agentPattern, homeCurrencies, resourcePattern, type SameRule } from './same-policy.ts';

type Call = Parameters<typeof evaluatePolicy>[1];
type Rule = NonNullable<PolicyDocument['rules']>[number];

export const ours: Engine<Call> = {
  name: 'agent-control-plane',
  encode: ({ action, agent, resource, amount, currency }) => ({
    arguments: { amount, currency },
    resource,
    action,
    tool: 'call',
    agent,
    principal: 'service:billing',
    org: 'acme',
    session: 's-1',
  }),
  load: async (policy) => {
    const actions = Object.fromEntries(policy.actions.map((name) => [name, {}]));
    const checked = checkPolicy({
      format: 1,
      version: 1,
      actions,
      rules: policy.rules.map(ruleOf),
    });
    if (!('document' in checked)) {
      throw new Error(`the policy does not check: ${JSON.stringify(checked.findings)}`);
    }
    const { document } = checked;
    compilePolicy(document);
    return (call) => {
      const { effect, code } = evaluatePolicy(compilePolicy(document), call);
      if (code === 'policy-error') throw new Error('a rule could not be read');
      return effect === 'allow';
    };
  },
};

function ruleOf(rule: SameRule): Rule {
  const { id, action, effect } = rule;
  const amount = 'arguments.amount';
  if (rule.effect === 'allow') {
    const match = { action, resource: resourcePattern };
    return { id, effect, match, when: { path: amount, atMost: rule.amountAtMost } };
  }
  const when = {
    all: [
      { path: amount, moreThan: rule.amountMoreThan },
      { path: 'arguments.currency', notIn: homeCurrencies },
    ],
  };
  return { id, effect, match: { action, agent: agentPattern }, when };
}
