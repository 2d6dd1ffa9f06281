/**
 * Rounds: contenders take turns, so that what disturbs the machine disturbs all of them alike.
 *
 * In each round every contender runs once, and each round starts with another one. A ratio is
 * made within a round, between runs that lay seconds apart; what is reported is the median of
 * those ratios and their range. The first round warms up caches and compilers and is dropped.
 */
import { type Spread, spreadOf } from './spread.ts';

export type Sample = Readonly<Record<string, number>>;

export interface Contender {
  readonly name: string;
  /** One run. Throws where what was measured is not what should have happened. */
  readonly run: () => Promise<Sample>;
}

/** A metric of a contender. */
export type Metric = readonly [contender: string, metric: string];

export class Rounds {
  readonly #samples: ReadonlyMap<string, readonly Sample[]>;

  constructor(samples: ReadonlyMap<string, readonly Sample[]>) {
    this.#samples = samples;
  }

  spread(...metric: Metric): Spread {
    return spreadOf(this.#values(metric));
  }

  /** `over` divided by `under`, round by round. */
  ratio(over: Metric, under: Metric): Spread {
    const divisors = this.#values(under);
    return spreadOf(this.#values(over).map((value, round) => value / (divisors[round] ?? 0)));
  }

  #values([contender, metric]: Metric): readonly number[] {
    const samples = this.#samples.get(contender);
    if (samples === undefined) throw new Error(`no contender \`${contender}\``);
    return samples.map((sample) => {
      const value = sample[metric];
      if (value === undefined) throw new Error(`\`${contender}\` has no metric \`${metric}\``);
      return value;
    });
  }
}

export interface RoundOptions {
  readonly rounds: number;
  /**
   * False leaves the round out that is thrown away: for contenders that warm up themselves, and for runs that
   * only show that all works.
   */
  readonly warmUp?: boolean;
  readonly progress: (line: string) => void;
}

export async function runRounds(
  contenders: readonly Contender[],
  { rounds, progress, warmUp = true }: RoundOptions,
): Promise<Rounds> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = warmUp ? 0 : 1; round <= rounds; round += 1) {
    const first = round % contenders.length;
    const order = [...contenders.slice(first), ...contenders.slice(0, first)];
    for (const { name, run } of order) {
      progress(`${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: ${name}`);
      const sample = await run();
      if (round > 0) samples.get(name)?.push(sample);
    }
  }
  return new Rounds(samples);
}
