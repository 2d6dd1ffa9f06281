/**
 * The functions that expressions can call: what they take, what they give, and how they are evaluated.
 *
 * This table is all that there is. None has an effect, none looks at anything but its arguments and the
 * session's counters, and none turns a text into a number unasked. What costs more than a moment is paid for
 * from the condition's meter.
 */
import { exactDecimal } from './decimal.ts';
import { exactNumber } from './exact-number.ts';
import type { ConditionSubject } from './expression.ts';
import { isMap, type Meter, tooMuchWork } from './expression-value.ts';
import { Failure } from './failure.ts';
import { compileGlob, isGlob } from './glob.ts';
import { isFolder, isInside } from './path.ts';
import { compileRegex } from './regex.ts';
import { riskLevels } from './risk.ts';
import { isHost, isHostInside, parseUrl } from './url.ts';

/** What is known of a value before there is a request. */
export type ExpressionType = 'boolean' | 'number' | 'text' | 'null' | 'list' | 'map' | 'any';

type Applied = (first: unknown, second: unknown, subject: ConditionSubject) => unknown;

export interface ExpressionFunction {
  /** The types that each argument may have. */
  readonly parameters: readonly (readonly ExpressionType[])[];
  readonly result: ExpressionType;
  /** Whether the last argument has to stand in the expression as a text. */
  readonly needsLiteral: boolean;
  /** What is wrong with the last argument where it stands in the expression as a text. */
  readonly wrongLiteral: (text: string) => string | undefined;
  /** Makes the function once for each call in an expression. `literal` is the last argument. */
  readonly prepare: (literal: string | undefined, meter: Meter) => Applied;
}

const fine = (): undefined => undefined;

/** A function of one text. */
function ofText(
  name: string,
  result: ExpressionType,
  apply: (text: string) => unknown,
): ExpressionFunction {
  const wrong = new Failure(`\`${name}\` needs a text`);
  return {
    parameters: [['text']],
    result,
    needsLiteral: false,
    wrongLiteral: (text) => {
      const value = apply(text);
      return value instanceof Failure ? value.error : undefined;
    },
    prepare: (_, meter) => (value) => {
      if (typeof value !== 'string') return wrong;
      return meter.spend(value.length) ? apply(value) : tooMuchWork;
    },
  };
}

type TextTest = (text: string, operand: string) => boolean | Failure;

interface TextPairTerms {
  readonly name: string;
  readonly needsLiteral?: boolean;
  readonly wrongLiteral?: (text: string) => string | undefined;
  /** How often a character of the text is looked at, and the test itself. */
  readonly prepare: (literal: string | undefined) => {
    readonly test: TextTest;
    readonly cost?: number;
  };
}

/** A test of one text by another. */
function ofTexts({ name, needsLiteral, wrongLiteral, prepare }: TextPairTerms): ExpressionFunction {
  const wrong = new Failure(`\`${name}\` needs two texts`);
  return {
    parameters: [['text'], ['text']],
    result: 'boolean',
    needsLiteral: needsLiteral ?? false,
    wrongLiteral: wrongLiteral ?? fine,
    prepare: (literal, meter) => {
      const { test, cost = 1 } = prepare(literal);
      return (text, operand) => {
        if (typeof text !== 'string' || typeof operand !== 'string') return wrong;
        return meter.spend(text.length * cost) ? test(text, operand) : tooMuchWork;
      };
    },
  };
}

const plain =
  (test: TextTest): TextPairTerms['prepare'] =>
  () => ({ test });

const noPath = new Failure('the path can be read in more than one way');
const noUrl = new Failure('the URL can be read in more than one way, or is none');
const noHost = new Failure('the domain is no plain host name');
const noDecimal = new Failure('`decimal` needs a number or the text of a plain decimal');
const noRisk = new Failure('`riskRank` needs low, medium, high or critical');
const noSize = new Failure('`size` needs a text, a list or a map');
const noPattern = new Failure('the pattern is not a literal that was checked');

const notAFolder = (text: string): string | undefined =>
  isFolder(text) ? undefined : 'must be a plain folder path';

const size: ExpressionFunction = {
  parameters: [['text', 'list', 'map']],
  result: 'number',
  needsLiteral: false,
  wrongLiteral: fine,
  prepare: (_, meter) => (value) => {
    if (Array.isArray(value)) return value.length;
    if (typeof value === 'string') {
      return meter.spend(value.length) ? codePoints(value) : tooMuchWork;
    }
    return isMap(value) ? Object.keys(value).length : noSize;
  },
};

const decimal: ExpressionFunction = {
  parameters: [['text', 'number']],
  result: 'number',
  needsLiteral: false,
  wrongLiteral: (text) => (exactDecimal(text) === undefined ? noDecimal.error : undefined),
  prepare: (literal) => {
    const known = literal === undefined ? undefined : exactNumber(literal);
    return known === undefined ? (value) => exactNumber(value) ?? noDecimal : () => known;
  },
};

const matches = ofTexts({
  name: 'matches',
  needsLiteral: true,
  wrongLiteral: (text) => {
    const compiled = compileRegex(text);
    return 'problem' in compiled ? compiled.problem : undefined;
  },
  prepare: (literal) => {
    const compiled = literal === undefined ? undefined : compileRegex(literal);
    if (compiled === undefined || 'problem' in compiled) return { test: () => noPattern };
    return { test: compiled.found, cost: compiled.size };
  },
});

const wrongGlob = (text: string): string | undefined =>
  isGlob(text) ? undefined : 'must be a glob pattern in printable ASCII';

const glob = ofTexts({
  name: 'glob',
  needsLiteral: true,
  wrongLiteral: wrongGlob,
  prepare: (literal) => {
    if (!isGlob(literal)) return { test: () => noPattern };
    return { test: compileGlob(literal), cost: literal.length };
  },
});

/** How many actions of the session so far, this one not included, have names that a pattern matches. */
const countAllowed: ExpressionFunction = {
  parameters: [['text']],
  result: 'number',
  needsLiteral: true,
  wrongLiteral: wrongGlob,
  prepare: (literal, meter) => {
    if (!isGlob(literal)) return () => noPattern;
    const matcher = compileGlob(literal);
    return (_, __, { counters }) => {
      let count = 0;
      for (const [action, times] of Object.entries(counters.counts)) {
        if (!meter.spend(action.length * literal.length)) return tooMuchWork;
        if (matcher(action)) count += times;
      }
      return count;
    };
  },
};

const hostInside = ofTexts({
  name: 'hostInside',
  wrongLiteral: (text) => (isHost(text.toLowerCase()) ? undefined : 'must be a plain host name'),
  prepare: plain((text, domain) => {
    const url = parseUrl(text);
    return url === undefined ? noUrl : (isHostInside(url.host, domain) ?? noHost);
  }),
});

const inside = ofTexts({
  name: 'inside',
  wrongLiteral: notAFolder,
  prepare: plain((path, folder) => isInside(path, folder) ?? noPath),
});

const outside = ofTexts({
  name: 'outside',
  wrongLiteral: notAFolder,
  prepare: plain((path, folder) => {
    const truth = isInside(path, folder);
    return truth === undefined ? noPath : !truth;
  }),
});

function riskRank(level: string): number | Failure {
  const rank = (riskLevels as readonly string[]).indexOf(level);
  return rank < 0 ? noRisk : rank;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

const table: readonly (readonly [name: string, declaration: ExpressionFunction])[] = [
  ['startsWith', ofTexts({ name: 'startsWith', prepare: plain((a, b) => a.startsWith(b)) })],
  ['endsWith', ofTexts({ name: 'endsWith', prepare: plain((a, b) => a.endsWith(b)) })],
  ['contains', ofTexts({ name: 'contains', prepare: plain((a, b) => a.includes(b)) })],
  ['matches', matches],
  ['glob', glob],
  ['size', size],
  ['inside', inside],
  ['outside', outside],
  ['decimal', decimal],
  ['lower', ofText('lower', 'text', (text) => text.toLowerCase())],
  ['riskRank', ofText('riskRank', 'number', riskRank)],
  ['host', ofText('host', 'text', (text) => parseUrl(text)?.host ?? noUrl)],
  ['scheme', ofText('scheme', 'text', (text) => parseUrl(text)?.scheme ?? noUrl)],
  ['hostInside', hostInside],
  ['countAllowed', countAllowed],
];

export const expressionFunctions: ReadonlyMap<string, ExpressionFunction> = new Map(table);
