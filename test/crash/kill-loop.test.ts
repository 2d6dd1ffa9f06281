/**
 * Two processes govern one session of one log, and are killed with SIGKILL at random
 * moments, again and again. After each round the log is opened anew and has to account for
 * everything that was heard.
 */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Random } from '../../src/testing/index.ts';
import { account, type Line } from './account.ts';
import { openSession } from './acting.ts';
import { newPlace } from './new-place.ts';
import { storeAt } from './place.ts';
import { kill, startWriter, type Writer, writer } from './writers.ts';

const roundsMin = Number(process.env['CRASH_ROUNDS'] ?? 2);
const killsInRound = 4;

test('acknowledged is logged, and nothing starts twice, whatever is killed when', async () => {
  const { place, remove } = await newPlace();
  const random = new Random(process.env['CRASH_SEED'] ?? Math.random());
  const lines: Line[] = [];
  const count = (member: keyof Line): number =>
    lines.filter((line) => line[member] !== undefined).length;
  let kills = 0;
  let rounds = 0;
  let size = 0;
  try {
    // On a machine that stands still, writers may die before they say anything: that shows nothing.
    while (rounds < roundsMin || count('ack') === 0 || count('settled') === 0) {
      rounds += 1;
      const budget = {
        usd: String(random.integer(100, 400)),
        actions: random.integer(100, 500),
      };
      // Opening it anew is recovery.
      const session = await openSession(storeAt(place), budget);
      // Compiling takes most of a writer's start, and what is killed leaves no cache: one ends by itself.
      if (rounds === 1) spawnSync(process.execPath, [writer, place, session, 'once']);
      kills += await round(place, session, random, lines);
      size = await account(storeAt(place), lines);
    }
    expect(kills).toBe(rounds * (killsInRound + 2));
    console.log(
      `seed ${random.seed}: ${rounds} rounds, ${kills} kills, ${size} entries, ` +
        `${count('ack')} decisions acknowledged, ${count('start')} tool runs, ` +
        `${count('settled')} settlements acknowledged`,
    );
  } finally {
    await remove();
  }
});

/**
 * Two writers; one or the other is killed and started again, in the end both. Returns the kills.
 */
async function round(
  place: string,
  session: string,
  random: Random,
  lines: Line[],
): Promise<number> {
  let started = 0;
  const write = (): Writer => {
    started += 1;
    return startWriter(place, session, `w${started}`, lines);
  };
  const writers = [write(), write()];
  for (let kills = 0; kills < killsInRound; kills += 1) {
    const at = random.integer(0, 1);
    // Now and then before it is ready: opening must be safe to kill too.
    if (random.chance(0.8)) await writers[at]?.ready;
    await sleep(random.integer(0, 250));
    await kill(writers[at]);
    writers[at] = write();
  }
  await Promise.race(writers.map(({ ready }) => ready));
  await sleep(random.integer(0, 250));
  await Promise.all(writers.map(kill));
  return killsInRound + writers.length;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
