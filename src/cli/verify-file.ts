/** Checks a file's log, and says what was found in it. */
import type { VerifyFault, VerifyReport } from '../engine/verify/report.ts';
import { readEvents } from '../engine/store/feed.ts';
import { verify } from '../engine/verify/verify.ts';
import type { Storage } from '../storage/storage.ts';
import { type Anchor, readAnchor, writeAnchor } from './anchor.ts';
import { withAlteredSchema } from './altered-schema.ts';
import { eventSummary } from './event-summary.ts';
import { exitCodes } from './exit.ts';
import { isAlteredSchema, withLog } from './log-file.ts';
import { type NamedStore, storeOf } from './store-of.ts';
import {
  type Colors,
  colorsFor,
  jsonLine,
  print,
  progressOn,
  shown,
  terminal,
} from './terminal.ts';
import { timeText } from './time-text.ts';
import type { LogOptions } from './store-options.ts';

export interface VerifyOptions extends LogOptions {
  readonly anchor?: string;
  readonly exportHead?: string;
  readonly json?: true;
}

/** What the file says of the entry at which the log stops to hold: to be read with care. */
interface BadEntry {
  readonly index: number;
  readonly type: string;
  readonly at: string;
  readonly session: string | undefined;
  readonly summary: string;
}

interface Verdict {
  readonly report: VerifyReport;
  readonly badEntry: BadEntry | undefined;
}

/** Checks the log, prints the verdict, and exports the head if it holds and that was asked for. */
export async function verifyFile(file: string, options: VerifyOptions): Promise<void> {
  const anchor = options.anchor === undefined ? undefined : readAnchor(options.anchor, options.log);
  const store = storeOf(file, options.schema);
  const verdict = await verdictOn(store, options.log, anchor);
  const { report } = verdict;
  if (report.holds && options.exportHead !== undefined) {
    writeAnchor(options.exportHead, {
      log: report.log,
      size: report.head.size,
      root: report.head.root,
    });
  }
  if (options.json === true) await print(jsonLine(verdictJson(store.name, verdict, anchor)));
  else await printVerdict(store.name, verdict, anchor, options.exportHead);
  process.exitCode = report.holds ? exitCodes.ok : exitCodes.bad;
}

async function verdictOn(
  store: NamedStore,
  log: string,
  anchor: Anchor | undefined,
): Promise<Verdict> {
  const check = (looked: NamedStore): Promise<Verdict> =>
    withLog(looked, log, ({ storage }) => checked(storage, log, anchor));
  try {
    return await check(store);
  } catch (failure) {
    if (!isAlteredSchema(failure)) throw failure;
    // The store refuses it. What it holds can still be checked: of a file on a copy with the right schema.
    const { kind, name } = store;
    const verdict =
      kind === 'sqlite'
        ? await withAlteredSchema(name, (copy) => check({ ...storeOf(copy, undefined), name }))
        : await check({ ...store, look: () => store.look({ acceptAlteredSchema: true }) });
    const fault: VerifyFault = {
      index: undefined,
      code: 'schema-altered',
      message: failure.message,
    };
    const { report } = verdict;
    return { ...verdict, report: { ...report, holds: false, faults: [...report.faults, fault] } };
  }
}

async function checked(
  storage: Storage,
  log: string,
  anchor: Anchor | undefined,
): Promise<Verdict> {
  const { stderr } = terminal();
  let progress = progressOn(stderr, 'entries');
  let reached = 0;
  try {
    const report = await verify(storage, {
      log,
      onProgress: (done, total) => {
        // Where something differs, the log is read once more to find out what.
        if (done <= reached) progress = progressOn(stderr, 'something differs; once more, entries');
        reached = done;
        progress.update(done, total);
      },
      ...(anchor === undefined ? {} : { anchor }),
    });
    return { report, badEntry: await badEntryOf(storage, report.faults[0]) };
  } finally {
    progress.end();
  }
}

async function badEntryOf(
  storage: Storage,
  fault: VerifyFault | undefined,
): Promise<BadEntry | undefined> {
  if (fault?.index === undefined) return undefined;
  try {
    for await (const event of readEvents(storage, { from: fault.index, limit: 1 })) {
      if (event.index !== fault.index) return undefined;
      const { index, type, session, at } = event;
      return { index, type, at: timeText(at), session, summary: eventSummary(event, 200) };
    }
  } catch {
    // An entry that does not parse has nothing to say of itself; the fault's sentence says why.
  }
  return undefined;
}

function verdictJson(file: string, { report, badEntry }: Verdict, anchor?: Anchor): object {
  const { holds, log, entries, contents, erased, records, head, faults } = report;
  const { size, root } = head;
  return {
    holds,
    file,
    log,
    checked: { entries, contents, records },
    ...(erased === undefined ? {} : { erased }),
    head: { size, root },
    ...(anchor === undefined ? {} : { anchor }),
    faults,
    ...(badEntry === undefined ? {} : { badEntry }),
  };
}

async function printVerdict(
  file: string,
  { report, badEntry }: Verdict,
  anchor: Anchor | undefined,
  exported: string | undefined,
): Promise<void> {
  const colors = colorsFor(terminal().stdout);
  const { holds, log, entries, contents, erased, records, head, faults } = report;
  const verdict = holds ? colors.green('holds') : colors.red('DOES NOT HOLD');
  await print(`log \`${shown(log)}\` in ${shown(file)} ${verdict}`);
  for (const fault of faults)
    await printFault(fault, fault === faults[0] ? badEntry : undefined, colors);
  const row = (name: string, text: string): Promise<void> =>
    print(`  ${colors.dim(name.padEnd(9))} ${text}`);
  if (!holds) {
    await row('checked', `${entries} entries before that hold`);
    if (exported !== undefined) await row('head', 'not exported: it would vouch for a bad log');
    return;
  }
  await row('entries', `${entries}: chain, tree and order`);
  await row('contents', `${contents}: each fits what its entry commits to`);
  if (erased !== undefined) {
    const { contents: gone, first } = erased;
    await row(
      'erased',
      `${gone} contents are gone, by right or by wrong; the first is of entry ${first}`,
    );
  }
  await row('records', `${records}: each is what the entries add up to`);
  if (anchor !== undefined)
    await row('anchor', `the log continues the head of size ${anchor.size}`);
  await row('size', String(head.size));
  await row('root', head.root);
  if (exported !== undefined) await row('exported', `${shown(exported)}: keep it somewhere else`);
}

async function printFault(
  fault: VerifyFault,
  badEntry: BadEntry | undefined,
  colors: Colors,
): Promise<void> {
  const { index, code, message } = fault;
  const place = index === undefined ? 'fault' : `first bad entry: ${index}`;
  await print(`  ${colors.red(place)} (${shown(code)}): ${shown(message)}`);
  if (badEntry === undefined) return;
  const { type, at, session, summary } = badEntry;
  const where = session === undefined ? 'no session' : `session ${session}`;
  await print(shown(`    the file says of it: ${type}, ${at}, ${where}`));
  await print(shown(`    ${summary}`));
}
