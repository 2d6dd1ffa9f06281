/** Errand: governed actions on a file that other processes write to at the same time. */
import { sqlite } from '../src/index.ts';
import { GovernedWork } from './governed-work.ts';

export interface SideWork {
  readonly path: string;
  readonly callers: number;
  readonly milliseconds: number;
}

export async function run({ path, callers, milliseconds }: SideWork) {
  const work = await GovernedWork.open(sqlite(path));
  try {
    const { actions, seconds, longestMs } = await work.drive(callers, { milliseconds });
    return { actions, seconds, longestMs };
  } finally {
    await work.plane.close();
  }
}
