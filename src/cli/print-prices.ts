/** Prints prices of models, and the findings of a catalogue or its differences from the active one. */
import {
  type CatalogueDocument,
  type CatalogueFinding,
  checkCatalogue,
  compileCatalogue,
  findModel,
  limits,
  type Model,
  priceAt,
  type Price,
  quoted,
  type RecordsByKind,
} from '../kernel/index.ts';
import { entryLimits } from '../log/index.ts';
import type { Storage } from '../storage/storage.ts';
import { CommandError, exitCodes } from './exit.ts';
import { readJsonFile } from './json-file.ts';
import { type OpenLogFile, withLogFile } from './log-file.ts';
import { modelJson, priceKinds, priceTexts } from './price-texts.ts';
import { diffCatalogues } from './prices-diff.ts';
import { plainTable } from './table.ts';
import { colorsFor, jsonLine, print, shown, terminal } from './terminal.ts';
import { timeText } from './time-text.ts';
import { type LogOptions, namingHelp } from './store-options.ts';

export interface PricesOptions extends LogOptions {
  readonly model?: string;
  readonly check?: string;
  readonly diff?: string;
  readonly json?: true;
}

export async function printPrices(file: string | undefined, options: PricesOptions): Promise<void> {
  const { check, diff, model } = options;
  if ([check, diff, model].filter((each) => each !== undefined).length > 1) {
    throw new CommandError('`--check`, `--diff` and `--model` exclude each other');
  }
  if (model === '') throw new CommandError('`--model` is empty', 'name a model');
  if (check !== undefined) {
    if (file !== undefined) {
      throw new CommandError('`--check` takes no file of a control plane', 'see `--diff`');
    }
    return printCheck(check, options);
  }
  if (file === undefined) {
    throw new CommandError('no file is given', namingHelp);
  }
  return withLogFile(file, options, (opened) => printActive(opened, options));
}

async function printActive({ storage, head }: OpenLogFile, options: PricesOptions): Promise<void> {
  const active = await activePrices(storage);
  // As the next command would have it: the log's time never goes back.
  const now = Math.max(head.at, Date.now());
  const { diff, model: name, json } = options;
  if (diff !== undefined) return printDiff(active?.document, diff, now, json === true);
  if (active === undefined) {
    if (json !== true) await print('no price catalogue is active');
    if (name !== undefined) process.exitCode = exitCodes.bad;
    return;
  }
  const catalogue = compileCatalogue(active.document);
  if (name === undefined) return printModels(catalogue.models, now, options);
  const found = findModel(catalogue, name);
  if (found === undefined) {
    process.exitCode = exitCodes.bad;
    if (json === true) return;
    return print(shown(`${quoted(name)} is not in version ${catalogue.version} of the catalogue`));
  }
  await printModels([found], now, options);
}

async function activePrices(storage: Storage): Promise<RecordsByKind['prices'] | undefined> {
  const { records } = await storage.readRecords([{ kind: 'prices', key: 'active' }]);
  const [record] = records;
  return record === undefined ? undefined : (JSON.parse(record.value) as RecordsByKind['prices']);
}

const columns = ['model', 'tier', 'from', 'input', 'output', 'cache read', 'cache write'];
const moreColumns = ['reasoning', 'request', 'most input', 'most output', ''];

async function printModels(
  models: readonly Model[],
  now: number,
  { model: name, json }: PricesOptions,
): Promise<void> {
  if (json === true) {
    for (const model of models) await print(jsonLine(modelJson(model, priceAt(model, now))));
    return;
  }
  const rows = models.flatMap((model) => {
    const current = priceAt(model, now);
    if (name === undefined) return rowsOf(model, current, '');
    return model.prices.flatMap((price) => rowsOf(model, price, price === current ? 'now' : ''));
  });
  const heads = [...columns, ...moreColumns];
  await print(
    plainTable(
      heads,
      rows.map((row) => row.map(shown)),
      colorsFor(terminal().stdout),
    ),
  );
  const [only] = models;
  if (name === undefined || only === undefined) return;
  await print(`provider ${shown(only.provider ?? '-')}`);
  await print(`names    ${[only.id, ...only.aliases].map(shown).join(', ')}`);
  if (only.dated) await print('         and each of these with a date behind');
}

/** A line for the price, and one for each of its steps. */
function rowsOf(
  { id, tier }: Model,
  price: Price | undefined,
  mark: string,
): readonly (readonly string[])[] {
  if (price === undefined) return [[id, tier, ...columns.slice(2), ...moreColumns].map(dashed)];
  const from = price.from === 0 ? '-' : timeText(price.from);
  const texts = priceTexts(price);
  const bounds = [price.inputTokensMax, price.outputTokensMax].map((bound) => String(bound ?? '-'));
  const steps = price.above.map((step) => {
    const own = priceTexts(step);
    return [
      '',
      '',
      `above ${step.inputTokens}`,
      ...priceKinds.map((kind) => own[kind]),
      '',
      '',
      '',
    ];
  });
  return [[id, tier, from, ...priceKinds.map((kind) => texts[kind]), ...bounds, mark], ...steps];
}

/** A model without a price yet has its name and nothing else. */
function dashed(text: string, index: number): string {
  return index < 2 || text === '' ? text : '-';
}

function checkedFile(
  path: string,
): { readonly document: CatalogueDocument } | { readonly findings: readonly CatalogueFinding[] } {
  const value = readJsonFile(path, entryLimits);
  const { catalogueBytesMax } = limits;
  if (Buffer.byteLength(JSON.stringify(value)) <= catalogueBytesMax) return checkCatalogue(value);
  const message = `is longer than ${catalogueBytesMax} bytes`;
  return { findings: [{ code: 'too-many', path: '', message }] };
}

async function printCheck(path: string, { json }: PricesOptions): Promise<void> {
  const check = checkedFile(path);
  if ('findings' in check) return printFindings(check.findings, path, json === true);
  const { version, models } = check.document;
  const count = Object.keys(models).length;
  await print(
    json === true
      ? jsonLine({ version, models: count })
      : `${shown(path)} is right: version ${version}, ${count} models`,
  );
}

async function printFindings(
  findings: readonly CatalogueFinding[],
  path: string,
  json: boolean,
): Promise<void> {
  process.exitCode = exitCodes.bad;
  for (const finding of findings) {
    const where = finding.path === '' ? path : `${path} ${finding.path}`;
    const line = `${where} ${finding.code}: ${finding.message}`;
    await print(json ? jsonLine(finding) : shown(line));
  }
}

async function printDiff(
  active: CatalogueDocument | undefined,
  path: string,
  now: number,
  json: boolean,
): Promise<void> {
  const check = checkedFile(path);
  if ('findings' in check) return printFindings(check.findings, path, json);
  const { document } = check;
  const before = active ?? { ...document, version: 0, models: {} };
  const difference = diffCatalogues(before, document, now);
  const { added, removed, changed } = difference;
  const isSame = added.length + removed.length + changed.length === 0;
  if (!isSame) process.exitCode = exitCodes.bad;
  const versions = { before: before.version, after: document.version };
  if (json) return print(jsonLine({ versions, ...difference }));
  if (isSame) return print('the two catalogues say the same');
  const colors = colorsFor(terminal().stdout);
  for (const id of removed) await print(colors.red(`- ${shown(id)}`));
  for (const id of added) await print(colors.green(`+ ${shown(id)}`));
  for (const { model, changes } of changed) await print(shown(`~ ${model}: ${changes.join(', ')}`));
  if (versions.after <= versions.before) {
    await print(`version ${versions.after} would be refused: version ${versions.before} is active`);
  }
}
