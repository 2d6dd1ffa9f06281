/**
 * The agent governance SDK in the only form that can say this policy: a document whose rules have
 * condition texts, most selective comparison first, with denies that override.
 *
 * It reads the text of a condition anew in every evaluation and has no patterns: kinds of resources and
 * agents are told apart before the clock runs. Its older flat rules are faster but compare for
 * equality only.
 */
import { ConflictResolutionStrategy, PolicyEngine } from '@microsoft/agent-governance-sdk';
import { type Engine, nameOf } from './engine.ts';
import { homeCurrencies, isBot, isOrder, type SameRule } from './same-policy.ts';

type Call = Record<string, unknown>;
type Rule = Parameters<PolicyEngine['loadPolicy']>[0]['rules'][number];

const agentName = 'did:mesh:agent';

export const agentGovernance: Engine<Call> = {
  name: nameOf('@microsoft/agent-governance-sdk'),
  encode: (request) => ({
    action: request.action,
    isOrder: isOrder(request),
    isBot: isBot(request),
    amount: request.amount,
    currency: request.currency,
  }),
  load: async ({ rules }) => {
    const engine = new PolicyEngine([], ConflictResolutionStrategy.DenyOverrides);
    engine.loadPolicy({
      name: 'same-policy',
      scope: 'global',
      rules: rules.map(ruleOf),
      default_action: 'deny',
    });
    return (call) => engine.evaluatePolicy(agentName, call).allowed;
  },
};

function ruleOf(rule: SameRule): Rule {
  const action = `action == '${rule.action}'`;
  if (rule.effect === 'allow') {
    const condition = `${action} and isOrder and amount <= ${rule.amountAtMost}`;
    return { name: rule.id, ruleAction: 'allow', condition };
  }
  const currencies = homeCurrencies.map((currency) => `'${currency}'`).join(', ');
  const condition =
    `${action} and isBot and amount > ${rule.amountMoreThan} ` +
    `and currency not in [${currencies}]`;
  return { name: rule.id, ruleAction: 'deny', condition };
}
