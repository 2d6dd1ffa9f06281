/**
 * A control plane on a SQLite file that is about to suffer, and the account of what it answered.
 */
import { bindTool, type ControlPlane, type Session, verify } from '../../src/engine/index.ts';
import { guard } from '../../src/enforce/guard.ts';
import { sqlite, type SqliteOptions } from '../../src/storage/sqlite/sqlite-storage.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { openShop, read, staff } from '../engine/shop.ts';

interface Acknowledged {
  readonly id: string;
  readonly index: number;
  readonly outcome: string;
}

export interface Attempt {
  /** `ran`, or the code of the error. */
  readonly code: string;
  /** The store's own code, where the store failed. */
  readonly store: string | undefined;
}

export class Governed {
  readonly plane: ControlPlane;
  readonly session: Session;
  readonly path: string;
  /** How often the tool's code ran. */
  runs = 0;
  readonly #acknowledged: Acknowledged[] = [];
  #calls = 0;

  private constructor(path: string, plane: ControlPlane, session: Session) {
    this.path = path;
    this.plane = plane;
    this.session = session;
  }

  static async open(path: string, options: SqliteOptions = {}): Promise<Governed> {
    const plane = await openShop(sqlite(path, options));
    const principal = staff(plane).billing;
    const session = await plane.openSession({ principal, agent: 'bot', budget: { actions: 500 } });
    return new Governed(path, plane, session);
  }

  /** One guarded call. `weight` makes the arguments longer. */
  async call(weight = 1): Promise<Attempt> {
    this.#calls += 1;
    const tool = {
      ...read,
      execute: () => {
        this.runs += 1;
        return { n: this.runs };
      },
    };
    const orderId = `o-${this.#calls}`;
    const padding = 'x'.repeat(weight);
    const before = this.runs;
    try {
      await this.#acknowledge();
      await guard(this.session, tool)({ orderId, padding } as { orderId: string });
      if (this.runs !== before + 1) throw new Error('it returned and did not run');
      return { code: 'ran', store: undefined };
    } catch (failure) {
      const { code = String(failure) } = failure as { readonly code?: string };
      return { code, store: storeCodeOf(failure) };
    }
  }

  /** Calls until one fails; that one. */
  async callUntilFailure(weight = 10_000, most = 2_000): Promise<Attempt> {
    for (let call = 0; call < most; call += 1) {
      const before = this.runs;
      const attempt = await this.call(weight);
      if (attempt.code !== 'ran') {
        if (this.runs !== before && attempt.code !== 'outcome-unrecorded') {
          throw new Error(`it failed with ${attempt.code} and ran`);
        }
        return attempt;
      }
    }
    throw new Error('nothing fails');
  }

  /** Decides without running, and keeps the answer. */
  async #acknowledge(): Promise<void> {
    const decision = await this.session.authorize({
      tool: bindTool(read),
      arguments: this.session.read({ orderId: `a-${this.#calls}` }),
      start: 'later',
    });
    const { id, index, outcome, permit } = decision;
    this.#acknowledged.push({ id, index, outcome });
    if (permit !== undefined) await this.session.void(permit);
  }

  /**
   * Closes, opens the file for reading, and holds it against what was answered. Returns problems.
   */
  async account(): Promise<readonly string[]> {
    await this.plane.close();
    const problems: string[] = [];
    const store = sqlite(this.path);
    const { faults, head } = await verify(store);
    problems.push(...faults.map(({ code, message }) => `${code}: ${message}`));
    const bodies: string[] = [];
    for (let from = 0; from < head.size; from += 1_000) {
      const page = await store.readEntries(from, 1_000);
      bodies.push(...page.map(({ body }) => body));
    }
    await store.close();
    for (const { id, index, outcome } of this.#acknowledged) {
      const entry = JSON.parse(bodies[index] ?? '{}') as {
        readonly data?: { readonly decision: string; readonly outcome: string };
      };
      if (entry.data?.decision !== id || entry.data.outcome !== outcome) {
        problems.push(`decision ${id} was acknowledged at ${index} and is not there`);
      }
    }
    const started = bodies.filter((body) => body.includes('"permit":"started"')).length;
    if (this.runs > started) problems.push(`${this.runs} runs under ${started} started permits`);
    return problems;
  }
}

/** The store's own code, from behind whatever was made of it. */
function storeCodeOf(failure: unknown): string | undefined {
  if (StorageError.is(failure)) return failure.code;
  return failure instanceof Error ? storeCodeOf(failure.cause) : undefined;
}

/** What a control plane did while its store failed at every write, and after. */
export interface Suffered {
  readonly failed: Attempt;
  readonly again: Attempt;
  /** Runs of the tool between the first failure and the recovery. */
  readonly ranMeanwhile: number;
  /**
   * The first call after the fault, in the same process; undefined where the fault could not be
   * ended.
   */
  readonly recovered: Attempt | undefined;
  readonly problems: readonly string[];
}

/** Calls until the store fails, once more, and again after `mend`, which says whether it could. */
export async function suffer(governed: Governed, mend: () => boolean): Promise<Suffered> {
  const failed = await governed.callUntilFailure();
  const before = governed.runs;
  const again = await governed.call(10_000);
  const ranMeanwhile = governed.runs - before;
  if (!mend()) return { failed, again, ranMeanwhile, recovered: undefined, problems: [] };
  const recovered = await governed.call();
  return { failed, again, ranMeanwhile, recovered, problems: await governed.account() };
}
