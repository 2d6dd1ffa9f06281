import { expect, test } from 'vitest';
import { holds } from './sampling.ts';
import { play, steps } from './random-commands.ts';
import { Stage } from './stage.ts';

test('scratch', () => {
  const words = new Map<string, number>();
  const t = performance.now();
  let n = 0;
  holds(steps, 2000, (sequence) => {
    play(sequence, Stage.ready(), (command, word) => {
      n++;
      const w = `${command.kind} ${word}`;
      words.set(w, (words.get(w) ?? 0) + 1);
    }).assertFoldsToItself();
  });
  console.log(performance.now() - t, n, [...words].sort());
  expect(1).toBe(1);
});
