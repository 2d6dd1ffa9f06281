/**
 * The kernel against a naive model written from the design: on random command sequences both must
 * give the same answer to every command and the same budgets after it.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Command } from '../../src/kernel/index.ts';
import { NaiveModel } from './naive-model.ts';
import { play, type Step, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { Stage } from './stage.ts';

test('the kernel answers random command sequences as the naive model does', () => {
  assertHolds(steps, 2_000, compare);
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
  const model = new NaiveModel();
  for (const { command } of stage.log) model.submit(command, stage.now);
  play(sequence, stage, (command, word) => {
    const expected = model.submit(command, stage.now);
    if (word !== expected) throw new Error(disagreement(stage, command, word, expected));
    const budgets = stage.all('budget');
    if (budgets.length !== model.state.budgets.size)
      throw new Error('the budgets differ in number');
    for (const { scope, unit, limit, reserved, posted, frozen } of budgets) {
      const actual = `${limit} ${reserved} ${posted} ${frozen}`;
      const other = model.state.budgets.get(`${scope.replace('session:', '')}|${unit}`);
      const wanted = `${other?.limit} ${other?.reserved} ${other?.posted} ${other?.frozen}`;
      if (actual !== wanted) throw new Error(disagreement(stage, command, actual, wanted));
    }
  });
}

function disagreement(stage: Stage, command: Command, word: string, expected: string): string {
  const story = stage.commands.slice(12).map((each) => JSON.stringify(each));
  return `${command.kind}: the kernel says "${word}", the model "${expected}"\n${story.join('\n')}`;
}
