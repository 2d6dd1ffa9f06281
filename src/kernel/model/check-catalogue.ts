/**
 * Checks a price catalogue before it may be active: every member known, every name exact and one model's
 * alone, every price an exact decimal, prices in order of time. What does not check is refused whole, and the
 * catalogue that was active stays active.
 */
import { limits } from '../limits.ts';
import { isName, quoted } from '../name.ts';
import {
  type CatalogueDocument,
  isModelName,
  isPriceText,
  parseInstant,
} from './catalogue-document.ts';
import { type CatalogueFinding, CatalogueFindings, type Members } from './catalogue-finding.ts';

/** The document, typed, or what is wrong with it. `value` must be plain JSON data. */
export function checkCatalogue(
  value: unknown,
): { readonly document: CatalogueDocument } | { readonly findings: readonly CatalogueFinding[] } {
  const findings = new CatalogueFindings();
  const document = findings.objectOf('', value, ['format', 'version', 'currency', 'models']);
  if (document === undefined) return { findings: findings.list };
  if (document['format'] !== 1) findings.add('wrong-type', 'format', 'must be 1');
  findings.count('version', document['version']);
  if (document['currency'] !== 'USD') findings.add('wrong-type', 'currency', 'must be `USD`');
  checkModels(findings, document['models']);
  if (findings.list.length > 0) return { findings: findings.list };
  return { document: value as CatalogueDocument };
}

function checkModels(findings: CatalogueFindings, value: unknown): void {
  const given = findings.object('models', value);
  if (given === undefined) return;
  const models = Object.entries(given);
  const { catalogueModelsMax } = limits;
  if (models.length > catalogueModelsMax) {
    return findings.add('too-many', 'models', `has more than ${catalogueModelsMax} members`);
  }
  if (models.length === 0) findings.add('empty', 'models', 'has no model');
  const taken = new Map<string, string>();
  for (const [id, model] of models) {
    const path = `models[${quoted(id).slice(1, -1)}]`;
    takeName(findings, taken, path, id);
    checkModel(findings, taken, path, model);
  }
}

/**
 * One name, one model. Names that differ only in case count as one, because whoever reads `GPT-4o` beside
 * `gpt-4o` cannot know which of two prices was meant.
 */
function takeName(
  findings: CatalogueFindings,
  taken: Map<string, string>,
  path: string,
  name: unknown,
): void {
  if (!isModelName(name)) {
    return findings.add(
      'invalid-name',
      path,
      `${quoted(name)} is no name of a model: letters, digits and \`_ . : @ + / -\`, without spaces`,
    );
  }
  const folded = name.toLowerCase();
  const before = taken.get(folded);
  if (before !== undefined) {
    const how = before === name ? 'is there already' : `differs from \`${before}\` only in case`;
    findings.add('duplicate-name', path, `\`${name}\` ${how}`);
  }
  taken.set(folded, name);
}

function checkModel(
  findings: CatalogueFindings,
  taken: Map<string, string>,
  path: string,
  value: unknown,
): void {
  const model = findings.objectOf(path, value, ['provider', 'aliases', 'dated', 'tier', 'prices']);
  if (model === undefined) return;
  const { aliases, dated, prices } = model;
  for (const member of ['provider', 'tier']) {
    const name = model[member];
    if (name === undefined || isName(name)) continue;
    findings.add('invalid-name', `${path}.${member}`, 'must be letters, digits and `_ . -`');
  }
  if (dated !== undefined && typeof dated !== 'boolean') {
    findings.add('wrong-type', `${path}.dated`, 'must be true or false');
  }
  if (aliases !== undefined) {
    const list = findings.elements(`${path}.aliases`, aliases, limits.modelAliasesMax);
    for (const [position, alias] of list.entries()) {
      takeName(findings, taken, `${path}.aliases[${position}]`, alias);
    }
  }
  let before: number | undefined;
  const list = findings.elements(`${path}.prices`, prices, limits.modelPricesMax);
  for (const [position, price] of list.entries()) {
    before = checkPrice(findings, `${path}.prices[${position}]`, price, before) ?? before;
  }
}

const needed = ['input', 'output'];
const optional = ['cacheRead', 'cacheWrite', 'reasoning', 'request'];
const counts = ['inputTokensMax', 'outputTokensMax'];
const members = ['from', 'above', ...needed, ...optional, ...counts];

/** Checks one price, which must start later than `before`, and says when it starts. */
function checkPrice(
  findings: CatalogueFindings,
  path: string,
  value: unknown,
  before: number | undefined,
): number | undefined {
  const price = findings.objectOf(path, value, members);
  if (price === undefined) return undefined;
  checkTokenPrices(findings, path, price);
  if (price['above'] !== undefined) checkAbove(findings, `${path}.above`, price['above']);
  for (const name of counts) {
    if (price[name] !== undefined) findings.count(`${path}.${name}`, price[name]);
  }
  return checkFrom(findings, `${path}.from`, price['from'], before);
}

function checkTokenPrices(findings: CatalogueFindings, path: string, price: Members): void {
  for (const name of [...needed, ...optional]) {
    const amount = price[name];
    if (amount === undefined && optional.includes(name)) continue;
    if (isPriceText(amount)) continue;
    findings.add(
      'invalid-price',
      `${path}.${name}`,
      'must be an exact decimal in quotes, such as `"2.50"`, ' +
        `with up to ${limits.priceDecimalsMax} decimals`,
    );
  }
}

function checkAbove(findings: CatalogueFindings, path: string, value: unknown): void {
  let before = 0;
  const list = findings.elements(path, value, limits.modelPricesAboveMax);
  for (const [position, each] of list.entries()) {
    const at = `${path}[${position}]`;
    const prices = findings.objectOf(at, each, ['inputTokens', ...needed, ...optional]);
    if (prices === undefined) continue;
    checkTokenPrices(findings, at, prices);
    const { inputTokens } = prices;
    findings.count(`${at}.inputTokens`, inputTokens);
    if (typeof inputTokens === 'number' && inputTokens <= before) {
      findings.add('out-of-order', `${at}.inputTokens`, 'must be more than the one before');
    }
    before = Number(inputTokens);
  }
}

function checkFrom(
  findings: CatalogueFindings,
  path: string,
  value: unknown,
  before: number | undefined,
): number | undefined {
  const from = value === undefined && before === undefined ? 0 : parseInstant(value);
  if (from === undefined) {
    findings.add(
      'invalid-instant',
      path,
      'must be an instant in UTC such as `2026-01-31T00:00:00Z`; only the first price goes without',
    );
  } else if (before !== undefined && from <= before) {
    findings.add('out-of-order', path, 'must be later than the price before');
  }
  return from;
}
