/** Agents that are registered for less than before: what waits for its start, and what lists leave out. */
import { expect, test } from 'vitest';
import { agentRefusalOf, type StateView } from '../../src/kernel/index.ts';
import { agents, cast, Stage } from './stage.ts';

const call = { tool: 'read', args: { name: 'a' } } as const;

/** A permit that waits in a session of the clerk's, which works for one of the bot's. */
function waiting() {
  const stage = Stage.ready();
  const parent = stage.open();
  const session = 'below';
  const opened = { session, parent, agent: 'clerk', mode: 'live', budget: {}, activate: true };
  stage.do({ ...opened, kind: 'open-session', by: cast.ann, mode: 'live' });
  const permit = stage.ask({ ...call, session });
  const narrow = (name: 'bot' | 'clerk', resource: string) => {
    const capabilities = [{ actions: ['file.*'], resources: [resource] }];
    const agent = { ...agents[name], version: '2', capabilities };
    return stage.do({ kind: 'register-agent', by: cast.ada, agent });
  };
  return { stage, permit, narrow };
}

test.each(['bot', 'clerk'] as const)(
  'a permit that waits does not start once %s, above or itself, is not registered for its resource',
  (name) => {
    const { stage, permit, narrow } = waiting();
    expect(narrow(name, 'file/b')).toBe('done');
    expect(stage.start(permit)).toBe('agent-not-capable');
    expect(narrow(name, 'file/a')).toBe('done');
    expect(stage.start(permit)).toBe('done');
  },
);

test('an agent has no call of a tool that it is not registered for, in whatever session', () => {
  const stage = Stage.ready();
  const view: StateView = stage;
  const refusal = (agent: string, name: string) => {
    const tool = stage.get('tool', name);
    if (tool === undefined) throw new Error('no such tool');
    return agentRefusalOf(view, { org: 'acme', agent, principal: '' }, tool)?.code;
  };
  expect([refusal('clerk', 'read'), refusal('clerk', 'mail')]).toEqual([
    undefined,
    'agent-not-capable',
  ]);
  expect([refusal('retired', 'read'), refusal('nobody', 'read')]).toEqual([
    'agent-disabled',
    'agent-unknown',
  ]);
  stage.kill({ kind: 'tool', org: 'acme', name: 'read' });
  expect(refusal('bot', 'read')).toBe('killed');
});
