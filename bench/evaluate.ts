/**
 * In memory: what a decision costs without a store.
 *
 * Policies have ten rules for each action, so a larger policy governs more actions. Requests go
 * through the actions in random order and half of them are allowed; that this half comes out is
 * checked. One more policy has all of its rules on a single action: there the cost must grow.
 */
import {
  checkPolicy,
  compilePolicy,
  type CompiledPolicy,
  evaluatePolicy,
  type PolicyDocument,
} from '../src/kernel/index.ts';
import { awakeClock } from './awake.ts';
import { FindingsBuilder } from './findings.ts';
import { authorizeWorld } from './handle-world.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, type Rounds, runRounds, type Sample } from './rounds.ts';

const ruleCounts = [1, 100, 1_000, 10_000] as const;
const rulesPerAction = 10;
const crowdedRules = 1_000;
const requestCount = 4_096;
/** Evaluations between two looks at the clock; as many allowed as not. */
const requestsPerLook = 64;

type Request = Parameters<typeof evaluatePolicy>[1];
type Rule = NonNullable<PolicyDocument['rules']>[number];

export async function measureEvaluate(plan: Plan): Promise<FindingsBuilder> {
  const contenders = [
    ...ruleCounts.map((rules) =>
      evaluateContender(plan, `${rules} rules`, policyOf(rules, rulesPerAction)),
    ),
    evaluateContender(plan, 'crowded', policyOf(crowdedRules, crowdedRules)),
    handleContender(plan),
  ];
  const { rounds } = plan;
  return findings(await runRounds(contenders, { rounds, progress: progressOf('evaluate') }));
}

function policyOf(ruleCount: number, perAction: number): PolicyDocument {
  const actionCount = Math.ceil(ruleCount / perAction);
  const names = Array.from({ length: actionCount }, (_, index) => `service-${index}.call`);
  const rules = Array.from({ length: ruleCount }, (_, index) =>
    ruleOf(index, names[Math.floor(index / perAction)] ?? '', index % perAction === 0),
  );
  const actions = Object.fromEntries(names.map((name) => [name, { resource: 'order/*' }]));
  const checked = checkPolicy({ format: 1, version: 1, actions, rules });
  if ('document' in checked) return checked.document;
  throw new Error(`the bench's policy does not check: ${JSON.stringify(checked.findings)}`);
}

/** The first rule of an action allows small amounts; the others forbid what does not occur. */
function ruleOf(index: number, action: string, isFirst: boolean): Rule {
  const id = `rule-${index}`;
  if (isFirst) {
    const when = { path: 'arguments.amount', atMost: '100.00' };
    return { id, effect: 'allow', match: { action, resource: 'order/*' }, when };
  }
  const when = {
    all: [
      { path: 'arguments.amount', moreThan: String(1_000 + index) },
      { not: { path: 'arguments.currency', in: ['EUR', 'USD'] } },
    ],
  };
  return { id, effect: 'deny', match: { action, agent: '*-bot' }, when };
}

/** The same requests in every run: a small generator with a fixed seed chooses the actions. */
function requestsFor(policy: CompiledPolicy): readonly Request[] {
  const names = [...policy.actions.keys()];
  let state = 1;
  return Array.from({ length: requestCount }, (_, index) => {
    state = (state * 48_271) % 2_147_483_647;
    return {
      arguments: { amount: index % 2 === 0 ? '42.00' : '420.00', currency: 'EUR' },
      resource: `order/o-${index}`,
      action: names[state % names.length] ?? '',
      tool: 'call',
      agent: 'refund-bot',
      principal: 'service:billing',
      org: 'acme',
      session: 's-1',
    };
  });
}

function evaluateContender(plan: Plan, name: string, document: PolicyDocument): Contender {
  const requests = requestsFor(compilePolicy(document));
  const run = async (): Promise<Sample> => {
    let operations = 0;
    let allowed = 0;
    const clock = await awakeClock();
    const ms = await clock.during(() => {
      const end = performance.now() + plan.roundMs / 2;
      while (performance.now() < end) {
        const from = operations % requestCount;
        for (const request of requests.slice(from, from + requestsPerLook)) {
          if (evaluatePolicy(compilePolicy(document), request).effect === 'allow') allowed += 1;
        }
        operations += requestsPerLook;
      }
    });
    if (allowed * 2 !== operations) {
      throw new Error(`${name}: ${allowed} of ${operations} were allowed, and half should be`);
    }
    return { nsPerOp: (ms * 1e6) / operations };
  };
  return { name, run };
}

function handleContender(plan: Plan): Contender {
  const decide = authorizeWorld();
  const run = async (): Promise<Sample> => {
    let operations = 0;
    const clock = await awakeClock();
    const ms = await clock.during(() => {
      const end = performance.now() + plan.roundMs / 2;
      while (performance.now() < end) {
        for (let count = 0; count < 256; count += 1) {
          if (!decide(operations)) throw new Error('`handle` did not allow the call');
          operations += 1;
        }
      }
    });
    return { nsPerOp: (ms * 1e6) / operations };
  };
  return { name: 'handle', run };
}

function findings(rounds: Rounds): FindingsBuilder {
  const found = new FindingsBuilder();
  const metric = 'nsPerOp';
  for (const rules of ruleCounts) {
    const name = rules === 1 ? 'policy of 1 rule' : `policy of ${rules.toLocaleString('en')} rules`;
    found.figure(`evaluate, ${name}`, rounds.spread(`${rules} rules`, metric), 'ns/op');
  }
  const crowded = rounds.spread('crowded', metric);
  const rules = crowdedRules.toLocaleString('en');
  found.figure(`evaluate, ${rules} rules on the one action`, crowded, 'ns/op');
  found.figure('handle, one authorize', rounds.spread('handle', metric), 'ns/op');
  const flat = rounds.ratio(['10000 rules', metric], ['100 rules', metric]);
  found.atMost('evaluate: 10,000 rules / 100 rules', 1.5, flat, '×');
  return found;
}
