/** Costs of model calls: exact, monotone, and never above the worst case that was reserved. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Price, priceAt } from '../../src/kernel/model/catalogue.ts';
import { checkCatalogue } from '../../src/kernel/model/check-catalogue.ts';
import { compileCatalogue } from '../../src/kernel/model/compile-catalogue.ts';
import { costOf, worstCaseOf } from '../../src/kernel/model/cost.ts';
import { readUsage, type Usage } from '../../src/kernel/model/usage.ts';
import { assertHolds } from './sampling.ts';

const kinds = ['noCache', 'cacheRead', 'cacheWrite', 'text', 'reasoning'] as const;
type Kind = (typeof kinds)[number];
type Counts = Readonly<Record<Kind, number>>;

/** A price as text, with what the text stands for as a fraction over 10^6. */
const priceText = fc
  .oneof(
    fc.bigInt({ min: 0n, max: 100_000_000n }),
    fc.bigInt({ min: 0n, max: 9_007_199_254_740_991n }),
    fc.constantFrom(0n, 1n, 9_007_199_254_740_991n),
  )
  .map((millionths) => {
    const digits = millionths.toString().padStart(7, '0');
    return { text: `${digits.slice(0, -6)}.${digits.slice(-6)}`, millionths };
  });
type PriceText = { readonly text: string; readonly millionths: bigint };

const prices = fc.record(
  {
    input: priceText,
    output: priceText,
    cacheRead: priceText,
    cacheWrite: priceText,
    reasoning: priceText,
    request: priceText,
  },
  { requiredKeys: ['input', 'output'] },
);
type Prices = Readonly<
  Record<'input' | 'output', PriceText> & Partial<Record<string, PriceText | undefined>>
>;

const count = fc.oneof(
  fc.nat(3),
  fc.nat(2_000_000),
  fc.integer({ min: 0, max: Math.floor(Number.MAX_SAFE_INTEGER / 4) }),
);
const counts = fc.record({
  noCache: count,
  cacheRead: count,
  cacheWrite: count,
  text: count,
  reasoning: count,
});

/** The price as the catalogue gives it, from its document. */
function compiled(given: Prices): Price {
  const entries = Object.entries(given).map(([name, price]) => [name, price?.text]);
  const models = { m: { prices: [Object.fromEntries(entries)] } };
  const check = checkCatalogue({ format: 1, version: 1, currency: 'USD', models });
  if ('findings' in check) throw new Error(JSON.stringify(check.findings));
  const [model] = compileCatalogue(check.document).models;
  const price = model === undefined ? undefined : priceAt(model, 0);
  if (price === undefined) throw new Error('no price');
  return price;
}

function usageOf(each: Counts): Usage {
  const read = readUsage({
    inputTokens: each.noCache + each.cacheRead + each.cacheWrite,
    outputTokens: each.text + each.reasoning,
    cacheReadTokens: each.cacheRead,
    cacheWriteTokens: each.cacheWrite,
    reasoningTokens: each.reasoning,
    noCacheTokens: each.noCache,
    textTokens: each.text,
  });
  if ('problem' in read) throw new Error(read.problem.message);
  return read.usage;
}

/** The cost as a fraction over 10^6 micro-USD, from the texts, and rounded up at the end. */
function naiveCost(given: Prices, each: Counts): bigint {
  const of = (name: string, otherwise: bigint): bigint => given[name]?.millionths ?? otherwise;
  const input = given.input.millionths;
  const output = given.output.millionths;
  const exact =
    BigInt(each.noCache) * input +
    BigInt(each.cacheRead) * of('cacheRead', input) +
    BigInt(each.cacheWrite) * of('cacheWrite', input) +
    BigInt(each.text) * output +
    BigInt(each.reasoning) * of('reasoning', output) +
    of('request', 0n) * 1_000_000n;
  return exact / 1_000_000n + (exact % 1_000_000n === 0n ? 0n : 1n);
}

/** What is not counted is above everything that is. */
const orAbove = (cost: number | undefined): number => cost ?? Number.POSITIVE_INFINITY;

test('a cost is exact, rounded up once, or not given at all', () => {
  assertHolds(fc.tuple(prices, counts), 3_000, ([given, each]) => {
    const naive = naiveCost(given, each);
    const expected = naive <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(naive) : undefined;
    expect(costOf(compiled(given), usageOf(each))).toBe(expected);
  });
});

test('no usage within the bounds costs more than the worst case', () => {
  const slack = fc.tuple(fc.nat(5), fc.nat(5));
  assertHolds(fc.tuple(prices, counts, slack), 3_000, ([given, each, [input, output]]) => {
    const usage = usageOf(each);
    const price = compiled(given);
    const worst = worstCaseOf(price, {
      inputTokensMax: usage.inputTokens + input,
      outputTokensMax: usage.outputTokens + output,
    });
    expect(orAbove(costOf(price, usage))).toBeLessThanOrEqual(orAbove(worst));
  });
});

test('the worst case is reached: some usage within the bounds costs it', () => {
  assertHolds(fc.tuple(prices, count, count), 1_000, ([given, inputTokensMax, outputTokensMax]) => {
    const price = compiled(given);
    const none: Counts = { noCache: 0, cacheRead: 0, cacheWrite: 0, text: 0, reasoning: 0 };
    const costs = (['noCache', 'cacheRead', 'cacheWrite'] as const).flatMap((input) =>
      (['text', 'reasoning'] as const).map((output) => {
        const each = { ...none, [input]: inputTokensMax, [output]: outputTokensMax };
        return orAbove(costOf(price, usageOf(each)));
      }),
    );
    const worst = worstCaseOf(price, { inputTokensMax, outputTokensMax });
    expect(orAbove(worst)).toBe(Math.max(...costs));
  });
});

test('more tokens of any kind never cost less', () => {
  const more = fc.tuple(fc.constantFrom(...kinds), fc.oneof(fc.constant(1), fc.nat(5_000_000)));
  assertHolds(fc.tuple(prices, counts, more), 2_000, ([given, each, [kind, added]]) => {
    const price = compiled(given);
    const larger = { ...each, [kind]: each[kind] + added };
    const [before, after] = [costOf(price, usageOf(each)), costOf(price, usageOf(larger))];
    expect(orAbove(before)).toBeLessThanOrEqual(orAbove(after));
  });
});
