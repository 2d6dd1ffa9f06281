/**
 * casbin in its fastest form: the synchronous enforcer on policy in memory, one matcher without `eval`
 * whose first comparison is the most selective one, and a plain function for the pattern of agents.
 *
 * Its cached enforcer is not used: it remembers whole requests and would answer from a map.
 */
import { newEnforcer, newModelFromString } from 'casbin';
import { type Engine, nameOf } from './engine.ts';
import { agentPattern, homeCurrencies, resourcePattern, type SameRule } from './same-policy.ts';

type Call = readonly [
  agent: string,
  resource: string,
  action: string,
  amount: number,
  currency: string,
];

const model = `
[request_definition]
r = sub, obj, act, amount, currency
[policy_definition]
p = act, obj, sub, moreThan, atMost, notFirst, notSecond, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.act == p.act && r.amount > p.moreThan && r.amount <= p.atMost && \
r.currency != p.notFirst && r.currency != p.notSecond && \
keyMatch(r.obj, p.obj) && suffixMatch(r.sub, p.sub)
`.replaceAll('\\\n', '');

export const casbin: Engine<Call> = {
  name: nameOf('casbin'),
  encode: ({ agent, resource, action, amount, currency }) => [
    agent,
    resource,
    action,
    amount,
    currency,
  ],
  load: async ({ rules }) => {
    const enforcer = await newEnforcer(newModelFromString(model));
    await enforcer.addFunction('suffixMatch', suffixMatch);
    await enforcer.addPolicies(rules.map(lineOf));
    return (call) => enforcer.enforceSync(...call);
  },
};

/** casbin's columns are text; its comparisons turn them into numbers. */
function lineOf(rule: SameRule): string[] {
  const { action, effect } = rule;
  return rule.effect === 'allow'
    ? [action, resourcePattern, '*', '-1', String(rule.amountAtMost), '', '', effect]
    : [
        action,
        '*',
        agentPattern,
        String(rule.amountMoreThan),
        String(Number.MAX_SAFE_INTEGER),
        ...homeCurrencies,
        effect,
      ];
}

/** casbin's own `keyMatch` knows a star at the end only. */
function suffixMatch(text: string, pattern: string): boolean {
  return pattern === '*' || text.endsWith(pattern.slice(1));
}
