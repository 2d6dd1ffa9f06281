/**
 * Control planes behind a proxy, and callers that act while something is done to their store. What they were
 * told is held against the log, which is read past the proxy.
 */
import { type ControlPlane, openControlPlane } from '../../src/engine/index.ts';
import type { PostgresOptions } from '../../src/storage/postgres/postgres-storage.ts';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { Random } from '../../src/testing/index.ts';
import { account, type Line } from '../crash/account.ts';
import { Acting, openSession } from '../crash/acting.ts';
import { Proxy } from './proxy.ts';
import { newSchema, type TestSchema } from './schema.ts';

const budget = { usd: '500', actions: 1_000 };
/** In each control plane. */
const callers = 3;
/** Calls after which a store that is not well again is not getting well, and says why. */
const recoveringCallsMax = 2_000;
/** What callers say meanwhile, at most: they would go on for ever where the budget is used up. */
const linesOfTheWellMax = 20_000;

/** What callers are told while their store is well: of a key that another used, the last of the budget. */
const codesOfTheWell: ReadonlySet<string> = new Set([
  'budget-exceeded',
  'permit-not-startable',
  'require-approval',
]);

/** Sooner than the test's own end, which would tell nothing of what is waited for. */
const patienceMs = 200_000;

interface Situation {
  /** Control planes, which know nothing of each other. */
  readonly processes?: number;
  readonly options?: PostgresOptions;
  readonly schema?: TestSchema;
}

/** Runs `work` in a situation, and holds the log against what was told in it. Returns the log's size. */
export async function suffer(
  situation: Situation,
  work: (suffering: Suffering) => Promise<void>,
): Promise<number> {
  const { processes = 2, options = {}, schema = newSchema() } = situation;
  const session = await openSession(schema.open(), budget);
  const proxy = await Proxy.start(schema.url);
  const suffering = new Suffering(proxy, schema);
  const suffered = async (): Promise<number> => {
    const planes = Array.from({ length: processes }, (_, at) =>
      suffering.join(storeBehind(proxy, schema, options), session, `p${at}`),
    );
    await Promise.all(planes);
    await work(suffering);
    await suffering.close();
    return account(schema.open(), suffering.lines);
  };
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(suffering.standing)), patienceMs);
  const [outcome] = await Promise.allSettled([Promise.race([suffered(), over])]);
  clearTimeout(timer);
  const [tidied] = await Promise.allSettled([proxy.close().then(() => schema.drop())]);
  // What went wrong first is told, though a store that nobody closed may keep its schema from going.
  if (outcome.status === 'rejected') {
    throw tidied.status === 'fulfilled' ? outcome.reason : bothOf(outcome.reason, tidied.reason);
  }
  if (tidied.status === 'rejected') throw tidied.reason;
  return outcome.value;
}

function bothOf(first: unknown, later: unknown): AggregateError {
  return new AggregateError([first, later], `${String(first)}; and then ${String(later)}`);
}

/** A store of a schema through a proxy, whose connections can be told from those of other tests. */
function storeBehind(proxy: Proxy, schema: TestSchema, options: PostgresOptions): Storage {
  const url = new URL(proxy.url);
  url.searchParams.set('application_name', schema.schema);
  return postgres(url.href, { schema: schema.schema, ...options });
}

export class Suffering {
  readonly lines: Line[] = [];
  readonly proxy: Proxy;
  readonly schema: TestSchema;
  readonly #acting: Acting[] = [];
  #doing = 'begins';

  constructor(proxy: Proxy, schema: TestSchema) {
    this.proxy = proxy;
    this.schema = schema;
  }

  async join(storage: Storage, session: string, label: string): Promise<void> {
    const plane = await openControlPlane({ storage });
    const random = new Random(process.env['CRASH_SEED'] ?? Math.random());
    const say = (line: Line): void => void this.lines.push(line);
    this.#acting.push(await Acting.attach({ plane, session, label, random, say }));
  }

  get planes(): readonly ControlPlane[] {
    return this.#acting.map(({ plane }) => plane);
  }

  /** Where it stands, for whoever waits for it in vain. */
  get standing(): string {
    const underWay = this.#acting.flatMap((acting) => [...acting.underWay]);
    const said = this.lines.slice(-5).map((line) => JSON.stringify(line));
    return `it ${this.#doing}; under way: ${underWay.join()}; ${this.lines.length} lines, ${said.join()}`;
  }

  /** Decisions that were acknowledged. */
  get acknowledged(): number {
    return this.lines.filter(({ ack }) => ack !== undefined).length;
  }

  /** What callers were told that they would not have been told by a store that is well. */
  get failures(): readonly string[] {
    const codes = this.lines.flatMap(({ failed }) => failed ?? []);
    return codes.filter((code) => !codesOfTheWell.has(code));
  }

  /** All callers act until something holds, and then end what they are at. */
  async actUntil(holds: () => boolean): Promise<void> {
    const work = async (acting: Acting): Promise<void> => {
      while (!holds()) await acting.act();
    };
    await Promise.all(
      this.#acting.flatMap((acting) => Array.from({ length: callers }, () => work(acting))),
    );
  }

  /** Callers act while something is done, and until it is done. */
  async actDuring(trouble: () => Promise<void>): Promise<void> {
    let isOver = false;
    this.#doing = 'acts while something is done to its store';
    const done = trouble().finally(() => {
      isOver = true;
      this.#doing = 'acts on after what was done to its store';
    });
    await this.actUntil(() => isOver);
    await done;
  }

  /** So many more decisions are acknowledged, none of them with a failure. */
  async actWell(more = 20): Promise<void> {
    this.#doing = 'acts on a store that is well';
    const [until, failures] = [this.acknowledged + more, this.failures.length];
    const linesMax = this.lines.length + linesOfTheWellMax;
    await this.actUntil(() => {
      if (this.lines.length > linesMax) throw new Error('its store is well, and decides nothing');
      return this.acknowledged >= until || this.failures.length > failures;
    });
    const unwell = this.failures.slice(failures);
    if (unwell.length > 0) throw new Error(`its store is well, and it says ${unwell.join()}`);
  }

  /** Acts until its store is well again, whatever callers are told until then. */
  async recover(): Promise<void> {
    this.#doing = 'recovers';
    for (const acting of this.#acting) {
      for (let calls = 0; ; calls += 1) {
        const { failures } = this;
        if (calls === recoveringCallsMax) throw new Error(`it stays ${failures.slice(-5).join()}`);
        await acting.act();
        if (this.failures.length === failures.length) break;
      }
    }
  }

  async close(): Promise<void> {
    this.#doing = 'closes';
    await Promise.all(this.planes.map((plane) => plane.close()));
    this.#doing = 'is held against its log';
  }
}
