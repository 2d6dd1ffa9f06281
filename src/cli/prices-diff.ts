/** What another price catalogue would change: models that come, go, or cost something else. */
import {
  type Catalogue,
  compileCatalogue,
  type CatalogueDocument,
  type Model,
  priceAt,
} from '../kernel/index.ts';
import { priceKinds, priceTexts } from './price-texts.ts';

export interface ModelChange {
  readonly model: string;
  /** One change each, in words. */
  readonly changes: readonly string[];
}

export interface CatalogueDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ModelChange[];
}

/** `now` is the log time (ms) whose prices are compared one by one. */
export function diffCatalogues(
  before: CatalogueDocument,
  after: CatalogueDocument,
  now: number,
): CatalogueDifference {
  const [old, fresh] = [modelsById(before), modelsById(after)];
  const changed = [...old.values()].flatMap((model) => {
    const other = fresh.get(model.id);
    const changes = other === undefined ? [] : changesOf(model, other, now);
    return changes.length === 0 ? [] : [{ model: model.id, changes }];
  });
  return {
    added: [...fresh.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !fresh.has(id)),
    changed,
  };
}

function modelsById(document: CatalogueDocument): ReadonlyMap<string, Model> {
  const { models }: Catalogue = compileCatalogue(document);
  return new Map(models.map((model) => [model.id, model]));
}

function changesOf(before: Model, after: Model, now: number): readonly string[] {
  const changes: string[] = [];
  const change = (name: string, left: string, right: string): void => {
    if (left !== right) changes.push(`${name} ${left} to ${right}`);
  };
  change('provider', before.provider ?? 'none', after.provider ?? 'none');
  change('tier', before.tier, after.tier);
  change('dated', String(before.dated), String(after.dated));
  for (const alias of before.aliases)
    if (!after.aliases.includes(alias)) changes.push(`no longer ${alias}`);
  for (const alias of after.aliases)
    if (!before.aliases.includes(alias)) changes.push(`also ${alias}`);
  const count = changes.length;
  comparePrices(change, before, after, now);
  const isOther = JSON.stringify(before.prices) !== JSON.stringify(after.prices);
  if (isOther && changes.length === count) changes.push('prices of other times');
  return changes;
}

function comparePrices(
  change: (name: string, left: string, right: string) => void,
  before: Model,
  after: Model,
  now: number,
): void {
  const [left, right] = [priceAt(before, now), priceAt(after, now)];
  if (left === undefined || right === undefined) {
    return change(
      'price',
      left === undefined ? 'none' : 'one',
      right === undefined ? 'none' : 'one',
    );
  }
  const [old, fresh] = [priceTexts(left), priceTexts(right)];
  for (const kind of priceKinds) change(kind, old[kind], fresh[kind]);
  const steps = ({ above }: typeof left): string =>
    above
      .map((each) => `${each.inputTokens} (${Object.values(priceTexts(each)).join(' ')})`)
      .join(', ');
  change('above', steps(left) || 'nothing', steps(right) || 'nothing');
  const bound = (tokens: number | undefined): string => String(tokens ?? 'none');
  change('most input', bound(left.inputTokensMax), bound(right.inputTokensMax));
  change('most output', bound(left.outputTokensMax), bound(right.outputTokensMax));
}
