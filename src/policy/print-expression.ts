/**
 * Prints an expression of the kernel as CEL, in one canonical spelling. Reading the text again gives the same
 * expression, whatever it was: what the log holds can be shown as people write it.
 */
import type { BinaryOperator, ExpressionDocument, Macro } from '../kernel/policy/expression.ts';

/** How tightly a form binds, loosest first. An operand that binds looser stands in parentheses. */
const level = {
  choice: 1,
  or: 2,
  and: 3,
  relation: 4,
  sum: 5,
  product: 6,
  sign: 7,
  postfix: 8,
} as const;
type Level = (typeof level)[keyof typeof level];

const operators: Readonly<Record<BinaryOperator, readonly [sign: string, level: Level]>> = {
  equal: ['==', level.relation],
  unequal: ['!=', level.relation],
  less: ['<', level.relation],
  atMost: ['<=', level.relation],
  more: ['>', level.relation],
  atLeast: ['>=', level.relation],
  in: ['in', level.relation],
  add: ['+', level.sum],
  subtract: ['-', level.sum],
  multiply: ['*', level.product],
  divide: ['/', level.product],
  remainder: ['%', level.product],
};

const macros: Readonly<Record<Macro, string>> = {
  every: 'all',
  some: 'exists',
  exactlyOne: 'exists_one',
  filter: 'filter',
  map: 'map',
};

/** Functions that read better after what they are about. */
const methods: ReadonlySet<string> = new Set(['startsWith', 'endsWith', 'contains', 'matches']);

export function printExpression(document: ExpressionDocument): string {
  switch (document.op) {
    case 'value':
      return typeof document.value === 'string' ? quoted(document.value) : String(document.value);
    case 'list':
      return `[${document.of.map(printExpression).join(', ')}]`;
    case 'path':
      return document.path.join('.');
    case 'variable':
      return document.name;
    case 'member':
      return `${operand(document.of, level.postfix)}.${document.name}`;
    case 'index':
      return `${operand(document.of, level.postfix)}[${printExpression(document.at)}]`;
    case 'has':
      return `has(${printExpression(document.of)})`;
    case 'and':
      return document.of.map((each) => operand(each, level.relation)).join(' && ');
    case 'or':
      return document.of.map((each) => operand(each, level.and)).join(' || ');
    case 'not':
      return `!${operand(document.of, level.sign)}`;
    case 'negate':
      return `-${operand(document.of, level.sign)}`;
    case 'if': {
      const [test, whenTrue] = [
        operand(document.test, level.or),
        printExpression(document.whenTrue),
      ];
      return `${test} ? ${whenTrue} : ${printExpression(document.whenFalse)}`;
    }
    case 'call':
      return call(document.name, document.of);
    case 'every':
    case 'some':
    case 'exactlyOne':
    case 'filter':
    case 'map': {
      const { op, of, as, body } = document;
      return `${operand(of, level.postfix)}.${macros[op]}(${as}, ${printExpression(body)})`;
    }
    default: {
      const [sign, own] = operators[document.op];
      // Relations do not chain; sums and products are read from the left.
      const left = operand(document.left, own === level.relation ? level.sum : own);
      return `${left} ${sign} ${operand(document.right, tighter(own))}`;
    }
  }
}

function tighter(own: Level): Level {
  if (own === level.relation) return level.sum;
  return own === level.sum ? level.product : level.sign;
}

function operand(document: ExpressionDocument, atLeast: Level): string {
  const text = printExpression(document);
  return levelOf(document) < atLeast ? `(${text})` : text;
}

function levelOf(document: ExpressionDocument): Level {
  switch (document.op) {
    case 'if':
      return level.choice;
    case 'or':
      return level.or;
    case 'and':
      return level.and;
    case 'not':
    case 'negate':
      return level.sign;
    case 'value':
      // A point after a number would be read as a part of it.
      return typeof document.value === 'number' ? level.sign : level.postfix;
    default:
      return 'left' in document ? operators[document.op][1] : level.postfix;
  }
}

function call(name: string, of: readonly ExpressionDocument[]): string {
  const [receiver, ...others] = of;
  if (!methods.has(name) || receiver === undefined) {
    return `${name}(${of.map(printExpression).join(', ')})`;
  }
  return `${operand(receiver, level.postfix)}.${name}(${others.map(printExpression).join(', ')})`;
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function quoted(text: string): string {
  const body = text.replace(/["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return escapes[character] ?? `\\u${code}`;
  });
  return `"${body}"`;
}
