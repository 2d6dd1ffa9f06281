/** What a run found: figures, and the bars of the design that they are held against. */
import type { Spread } from './spread.ts';

export interface Figure {
  readonly name: string;
  /** The median over the rounds. */
  readonly value: number;
  readonly unit: string;
  /** Smallest and largest of the rounds, where there were several. */
  readonly min?: number;
  readonly max?: number;
}

export interface Bar {
  readonly name: string;
  /** Such as `≤ 1.5 ×`. */
  readonly bar: string;
  readonly measured: number;
  readonly holds: boolean;
  readonly min?: number;
  readonly max?: number;
}

/** Plain data: it travels from child processes. */
export interface Findings {
  readonly figures: readonly Figure[];
  readonly bars: readonly Bar[];
  /** Names of bars that this run could not measure. */
  readonly notMeasured: readonly string[];
}

export class FindingsBuilder implements Findings {
  readonly figures: Figure[] = [];
  readonly bars: Bar[] = [];
  readonly notMeasured: string[] = [];

  figure(name: string, measured: Spread | number, unit: string): void {
    this.figures.push({ name, unit, ...measuredMembers(name, 'value', measured) });
  }

  atMost(name: string, limit: number, measured: Spread | number, unit: string): void {
    const members = measuredMembers(name, 'measured', measured);
    const holds = members.measured <= limit;
    this.bars.push({ name, bar: `≤ ${limit} ${unit}`, holds, ...members });
  }

  atLeast(name: string, limit: number, measured: Spread | number, unit: string): void {
    const members = measuredMembers(name, 'measured', measured);
    const holds = members.measured >= limit;
    this.bars.push({ name, bar: `≥ ${limit} ${unit}`, holds, ...members });
  }

  /** A bar of the design that is not reached, and beside it what a change may not fall below. */
  atLeastWithFloor(
    name: string,
    { limit, floor }: { readonly limit: number; readonly floor: number },
    measured: Spread | number,
    unit: string,
  ): void {
    this.atLeast(name, limit, measured, unit);
    this.atLeast(`${name}, floor`, floor, measured, unit);
  }

  skip(name: string): void {
    this.notMeasured.push(name);
  }
}

function measuredMembers<Name extends 'value' | 'measured'>(
  name: string,
  member: Name,
  measured: Spread | number,
): Record<Name, number> & { readonly min?: number; readonly max?: number } {
  const isSpread = typeof measured === 'object';
  const value = isSpread ? measured.median : measured;
  if (!Number.isFinite(value)) throw new Error(`\`${name}\` was not measured: ${value}`);
  const members = { [member]: value } as Record<Name, number>;
  return isSpread ? { ...members, min: measured.min, max: measured.max } : members;
}
