/** Errand: callers that spend from one budget in a file that another process spends from too. */
import { sqlite } from '../../src/index.ts';
import { type Drain, drain, ourSpending, type Spending } from '../hot-budget.ts';
import { limiterSpending } from './limiter.ts';

export interface HotWork {
  readonly who: 'ours' | 'limiter';
  readonly path: string;
  readonly callers: number;
  readonly calls: number;
}

export function openSpending({ who, path }: Pick<HotWork, 'who' | 'path'>): Promise<Spending> {
  return who === 'ours' ? ourSpending(sqlite(path)) : limiterSpending(path);
}

export async function run({ who, path, callers, calls }: HotWork): Promise<Drain> {
  const spending = await openSpending({ who, path });
  try {
    return await drain(spending, { callers, calls });
  } finally {
    await spending.close();
  }
}
