/**
 * The kernel against a naive model written from the design: on random command sequences both must
 * give the same answer to every command and come to the same state after it.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual as same } from 'node:util';
import { expect, test } from 'vitest';
import { checkPolicy, type Command, latchKey } from '../../src/kernel/index.ts';
import { naiveBudget } from './naive-account.ts';
import { NaiveModel } from './naive-model.ts';
import { play, type Step, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { Stage } from './stage.ts';

test('the kernel answers random command sequences as the naive model does', () => {
  assertHolds(steps, 1_000, compare);
});

const vectors = new URL('../vectors/kernel-regressions.json', import.meta.url);

test('sequences on which the two once differed agree', () => {
  const regressions = JSON.parse(readFileSync(vectors, 'utf8')) as readonly (readonly Step[])[];
  expect(Array.isArray(regressions)).toBe(true);
  for (const sequence of regressions) compare(sequence);
});

/** A failure prints the sequence; keep its shrunk form in the vectors. */
function compare(sequence: readonly Step[]): void {
  const stage = Stage.ready();
  const oracle = new Oracle();
  for (const { command } of stage.log) oracle.answer(command, stage.now);
  play(sequence, stage, (command, word) => {
    const expected = oracle.answer(command, stage.now);
    if (word !== expected) throw new Error(disagreement(stage, command, word, expected));
    const [actual, wanted] = [kernelState(stage), modelState(oracle.model)];
    if (actual.join() === wanted.join()) return;
    const only = (left: readonly string[], right: readonly string[]): string =>
      left.filter((line) => !right.includes(line)).join(', ');
    throw new Error(disagreement(stage, command, only(actual, wanted), only(wanted, actual)));
  });
}

const agentMoves: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  enabled: { suspend: 'suspended', revoke: 'revoked' },
  suspended: { reinstate: 'enabled', revoke: 'revoked' },
};

/** The model, and around it what is registered and what was answered under a key. */
class Oracle {
  readonly model = new NaiveModel();
  readonly #answers = new Map<string, { readonly payload: string; readonly word: string }>();

  /** The answer; under a key that was used before, the earlier one. */
  answer(command: Command, now: number): string {
    const { kind, by, idempotencyKey } = command;
    if (idempotencyKey === undefined) return this.#ask(command, now).replace('unchanged', 'done');
    const key = JSON.stringify([by.org, by.id, kind, idempotencyKey]);
    const made = { id: '', by: '', idempotencyKey: '', commitments: '', arguments: '', schema: '' };
    const opened = kind === 'open-session' ? { session: '' } : {};
    // In one order, whichever of these the command has.
    const payload = JSON.stringify({ ...made, ...command, ...made, ...opened });
    const earlier = this.#answers.get(key);
    if (earlier !== undefined) {
      const isUndone = earlier.word === 'done' && this.#isUndone(command);
      const isMisused = kind === 'release-kill' && isUndone;
      if (earlier.payload !== payload || isMisused) return 'idempotency-mismatch';
      // A call that waited for approval goes on, and a kill that was released since kills again.
      if (earlier.word !== 'require-approval' && !isUndone) return earlier.word;
    }
    const word = this.#ask(command, now);
    if (word === 'unchanged') return 'done';
    // The control plane's own refusals are not written down: its timers simply try again.
    const isKept = word === 'done' || !by.roles.includes('system');
    if (isKept) this.#answers.set(key, { payload, word });
    return word;
  }

  #ask(command: Command, now: number): string {
    return this.#register(command) ?? this.model.submit(command, now);
  }

  /** Whether a kill switch stands otherwise than the command left it. */
  #isUndone(command: Command): boolean {
    if (!('scope' in command)) return false;
    const isOn = this.model.kills.some((scope) => same(scope, command.scope));
    return isOn !== (command.kind === 'engage-kill');
  }

  /** What a registration comes to; undefined for any other command. */
  #register(command: Command): string | undefined {
    const { registered } = this.model;
    const isAdmin = command.by.roles.includes('platform-admin');
    switch (command.kind) {
      case 'register-agent': {
        const { agent } = command;
        if (!isAdmin) return 'permission-denied';
        const { status = 'enabled' } = registered.agents.get(agent.name) ?? {};
        if (status === 'revoked') return 'agent-disabled';
        registered.agents.set(agent.name, { ...agent, status });
        return 'done';
      }
      case 'control-agent': {
        const agent = registered.agents.get(command.agent);
        if (!isAdmin) return 'permission-denied';
        if (agent === undefined) return 'agent-unknown';
        if (command.commitments?.['reason'] === undefined) return 'reason-missing';
        const to = agentMoves[agent.status]?.[command.transition];
        if (to === undefined) return 'transition-illegal';
        agent.status = to;
        return 'done';
      }
      case 'register-tool': {
        const { tool, replace } = command;
        if (!isAdmin) return 'permission-denied';
        const isOther = !same(tool, registered.tools.get(tool.name) ?? tool);
        if (isOther && !replace) return 'tool-changed';
        registered.tools.set(tool.name, tool);
        return 'done';
      }
      case 'activate-policy': {
        if (!isAdmin) return 'permission-denied';
        const checked = checkPolicy(command.document);
        if (!('document' in checked)) return 'policy-invalid';
        const { document } = checked;
        if (same(document, registered.policy)) return 'unchanged';
        if (document.version <= registered.policy.version) return 'policy-version-behind';
        registered.policy = document;
        return 'done';
      }
      case 'record-delivery':
      case 'advance-notifier':
        if (!command.by.roles.includes('system')) return 'permission-denied';
        return command.notifier.includes(' ') ? 'delivery-invalid' : 'done';
      default:
        return undefined;
    }
  }
}

/** What there is to see, a line each: in the order in which it came to be, latches by name. */
function kernelState(stage: Stage): readonly string[] {
  const permits = stage.all('decision').filter(({ permit }) => permit !== 'none');
  const latches = stage.all('latch').filter(({ engaged }) => engaged);
  return [
    ...stage.all('session').map(({ id, status }) => `session ${id} ${status}`),
    ...stage.all('ticket').map(({ id, status }) => `ticket ${id} ${status}`),
    ...permits.map(({ id, permit }) => `permit ${id} ${permit}`),
    ...stage.all('budget').map((budget) => {
      const { scope, unit, limit, reserved, posted, frozen } = budget;
      return `budget ${scope} ${unit} ${limit} ${reserved} ${posted} ${frozen}`;
    }),
    ...latches.map(({ scope }) => `latch ${scope}`).toSorted(),
  ];
}

function modelState(model: NaiveModel): readonly string[] {
  const given = (kind: string): readonly string[] =>
    model.grants
      .filter(({ what }) => what === kind)
      .map(({ what, call, status }) => `${what} ${call.id} ${status}`);
  return [
    ...model.sessions.map(({ session, status }) => `session ${session} ${status}`),
    ...given('ticket'),
    ...given('permit'),
    ...model.sessions.flatMap((session) =>
      Object.keys(session.budget)
        .toSorted()
        .map((unit) => {
          const { limit, reserved, posted, frozen } = naiveBudget(model.grants, session, unit);
          const amounts = `${limit} ${reserved} ${posted} ${frozen}`;
          return `budget session:${session.session} ${unit} ${amounts}`;
        }),
    ),
    ...model.kills.map((scope) => `latch ${latchKey(scope)}`).toSorted(),
  ];
}

function disagreement(stage: Stage, command: Command, word: string, expected: string): string {
  const story = stage.commands.slice(12).map((each) => JSON.stringify(each));
  return `${command.kind}: the kernel says "${word}", the model "${expected}"\n${story.join('\n')}`;
}
