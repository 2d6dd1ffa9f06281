/**
 * Cedar in its fastest form: the policy set parsed once and kept inside the WebAssembly module, requests
 * without entities or schema. Kinds of resources and agents are entity types, which Cedar compares
 * before it looks at a condition; they are told apart before the clock runs.
 */
import {
  preparsePolicySet,
  statefulIsAuthorized,
  type StatefulAuthorizationCall,
} from '@cedar-policy/cedar-wasm/nodejs';
import { type Engine, nameOf } from './engine.ts';
import { homeCurrencies, isBot, isOrder, type SameRule } from './same-policy.ts';

type Call = Omit<StatefulAuthorizationCall, 'preparsedPolicySetId'>;

/** Parsed sets live in the module under a name. */
let sets = 0;

export const cedar: Engine<Call> = {
  name: nameOf('@cedar-policy/cedar-wasm'),
  encode: (request) => ({
    principal: { type: isBot(request) ? 'Bot' : 'Person', id: request.agent },
    action: { type: 'Action', id: request.action },
    resource: { type: isOrder(request) ? 'Order' : 'Invoice', id: request.resource },
    context: { amount: request.amount, currency: request.currency },
    entities: [],
  }),
  load: async ({ rules }) => {
    sets += 1;
    const preparsedPolicySetId = `set-${sets}`;
    const staticPolicies = Object.fromEntries(rules.map((rule) => [rule.id, policyOf(rule)]));
    const parsed = preparsePolicySet(preparsedPolicySetId, { staticPolicies });
    if (parsed.type === 'failure') throw new Error(JSON.stringify(parsed.errors));
    return ({ principal, action, resource, context, entities }) => {
      const answer = statefulIsAuthorized({
        principal,
        action,
        resource,
        context,
        entities,
        preparsedPolicySetId,
      });
      if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors));
      const { decision, diagnostics } = answer.response;
      if (diagnostics.errors.length > 0) throw new Error(JSON.stringify(diagnostics.errors));
      return decision === 'allow';
    };
  },
};

function policyOf(rule: SameRule): string {
  const action = `action == Action::"${rule.action}"`;
  if (rule.effect === 'allow') {
    const condition = `context.amount <= ${rule.amountAtMost}`;
    return `permit(principal, ${action}, resource is Order) when { ${condition} };`;
  }
  const isForeign = `!(${JSON.stringify(homeCurrencies)}.contains(context.currency))`;
  const condition = `context.amount > ${rule.amountMoreThan} && ${isForeign}`;
  return `forbid(principal is Bot, ${action}, resource) when { ${condition} };`;
}
