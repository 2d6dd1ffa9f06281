/** What a decision says where a rule or the whole policy is in shadow mode, and what its entry holds. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { openOneTool } from './one-tool.ts';

const send = { name: 'send', action: 'mail.send' };
const stop = { id: 'stop', effect: 'deny' } as const;
const would = { code: 'policy-denied', message: '`rule:stop`', determinedBy: ['rule:stop'] };

/** One call under the policy: its decision, and what its entry holds. */
async function decide(policy: object) {
  const budget = { actions: 1 };
  const { plane, session } = await openOneTool({ tool: send, policy, budget });
  const ask = async () => session.authorize({ tool: bindTool(send), arguments: session.read({}) });
  const [decision, next] = [await ask(), await ask()];
  const entries: unknown[] = [];
  for await (const { data } of plane.events({ types: ['action-decided'] })) entries.push(data);
  return { decision, next, entry: entries[0] };
}

test.each([
  ['a rule', { rules: [{ ...stop, mode: 'shadow' }] }],
  ['a whole policy', { mode: 'shadow', rules: [stop] }],
])(
  '%s in shadow mode: what would be, that it is not enforced, and what holds',
  async (_, policy) => {
    const { decision, next, entry } = await decide(policy);
    expect(decision).toMatchObject({ outcome: 'allow' });
    expect(decision.shadow).toEqual({
      outcome: 'deny',
      enforced: false,
      effective: 'allow',
      ...would,
    });
    // The entry has each of them once: what holds is its own outcome.
    expect(entry).toMatchObject({ outcome: 'allow', shadow: { effect: 'deny', ...would } });
    // What holds is the decision's outcome, whoever made it: here the budget.
    expect(next.shadow).toMatchObject({ outcome: 'deny', effective: 'deny' });
    expect(next).toMatchObject({ outcome: 'deny', code: 'budget-exceeded' });
  },
);

test('where nothing is in shadow mode a decision has no shadow', async () => {
  const { decision, entry } = await decide({ rules: [] });
  expect(decision.shadow).toBeUndefined();
  expect(entry).not.toHaveProperty('shadow');
});
