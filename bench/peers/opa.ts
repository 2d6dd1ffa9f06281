/**
 * OPA in its fastest form: one policy compiled to WebAssembly, its rules as data kept by action, so that one
 * lookup finds those that could apply. The input is JSON in a buffer, which the module reads as it is.
 *
 * The compiled policy is beside its source in `opa/`, with the program that compiled it.
 */
import { readFileSync } from 'node:fs';
import { loadPolicy } from '@open-policy-agent/opa-wasm';
import { type Engine, nameOf } from './engine.ts';
import { agentPattern, homeCurrencies, resourcePattern, type SameRule } from './same-policy.ts';

type Call = ArrayBuffer;

const compiled = readFileSync(new URL('opa/same-policy.wasm', import.meta.url));

export const opa: Engine<Call> = {
  name: nameOf('@open-policy-agent/opa-wasm'),
  encode: ({ action, agent, resource, amount, currency }) => {
    const text = JSON.stringify({ action, agent, resource, amount, currency });
    const { buffer } = new TextEncoder().encode(text);
    return buffer;
  },
  load: async ({ rules }) => {
    const policy = await loadPolicy(compiled);
    policy.setData(dataOf(rules));
    return (call) => {
      const results: unknown = policy.evaluate(call);
      if (!Array.isArray(results) || results.length !== 1) throw new Error('OPA gave no answer');
      const { result } = results[0] as { readonly result: unknown };
      if (typeof result !== 'boolean') throw new Error(`OPA answered ${JSON.stringify(result)}`);
      return result;
    };
  },
};

/** What `same-policy.rego` reads. */
function dataOf(rules: readonly SameRule[]): object {
  const allowing: Record<string, object[]> = {};
  const forbidding: Record<string, object[]> = {};
  for (const rule of rules) {
    if (rule.effect === 'allow') {
      const { amountAtMost } = rule;
      const resourcePrefix = resourcePattern.slice(0, -1);
      (allowing[rule.action] ??= []).push({ amountAtMost, resourcePrefix });
    } else {
      const { amountMoreThan } = rule;
      const agentSuffix = agentPattern.slice(1);
      const currencies = homeCurrencies;
      (forbidding[rule.action] ??= []).push({ amountMoreThan, agentSuffix, currencies });
    }
  }
  return { allowing, forbidding };
}
