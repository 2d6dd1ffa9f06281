/**
 * Checks expressions before a policy may be active: every operation, member, name and function known, every
 * literal of the right kind, and no operator on a type that it could never work on.
 *
 * Arguments have any type until there is a request; everything else is known here. What checks can still fail
 * at evaluation, which denies. What does not check could only ever fail, or could be read in two ways.
 */
import { limits } from '../limits.ts';
import { exactDecimal } from './decimal.ts';
import { binaryOperators, isMemberName, isVariableName, macros, pathRoots } from './expression.ts';
import {
  type ExpressionFunction,
  expressionFunctions,
  type ExpressionType,
} from './expression-functions.ts';
import type { Findings } from './finding.ts';

/** How deep a node is, and how many more its condition may have. */
export interface Place {
  readonly depth: number;
  readonly nodes: { left: number };
}

type Node = Readonly<Record<string, unknown>>;

const membersByOperation: ReadonlyMap<unknown, readonly string[]> = new Map<
  unknown,
  readonly string[]
>([
  ['value', ['value']],
  ['list', ['of']],
  ['path', ['path']],
  ['variable', ['name']],
  ['member', ['of', 'name']],
  ['index', ['of', 'at']],
  ['has', ['of']],
  ['and', ['of']],
  ['or', ['of']],
  ['not', ['of']],
  ['negate', ['of']],
  ['if', ['test', 'whenTrue', 'whenFalse']],
  ['call', ['name', 'of']],
  ...binaryOperators.map((name) => [name, ['left', 'right']] as const),
  ...macros.map((name) => [name, ['of', 'as', 'body']] as const),
]);

const sessionMembers: ReadonlyMap<unknown, ExpressionType> = new Map<unknown, ExpressionType>([
  ['id', 'text'],
  ['allowed', 'number'],
  ['denied', 'number'],
  ['labels', 'list'],
  ['riskScore', 'number'],
]);

export function isTooDeep(findings: Findings, path: string, depth: number): boolean {
  if (depth <= limits.conditionDepthMax) return false;
  findings.add('condition-too-deep', path, `is nested deeper than ${limits.conditionDepthMax}`);
  return true;
}

/** What is wrong with an expression, as a condition that is true or false, goes into `findings`. */
export function checkExpression(
  findings: Findings,
  path: string,
  value: unknown,
  { depth, nodes }: Place = { depth: 1, nodes: { left: limits.conditionNodesMax } },
): void {
  const checker = new ExpressionChecker(findings, nodes);
  const type = checker.check(path, value, depth);
  checker.expect(path, type, ['boolean']);
}

class ExpressionChecker {
  readonly #findings: Findings;
  readonly #nodes: { left: number };
  readonly #variables = new Set<string>();

  constructor(findings: Findings, nodes: { left: number }) {
    this.#findings = findings;
    this.#nodes = nodes;
  }

  /** The type of a node; `any` where it is not known, or where there is a finding already. */
  check(path: string, value: unknown, depth: number): ExpressionType {
    this.#nodes.left -= 1;
    if (this.#nodes.left < 0 || isTooDeep(this.#findings, path, depth)) return 'any';
    const op = ownOf(value, 'op');
    const members = membersByOperation.get(op);
    if (members === undefined) {
      this.#findings.add('wrong-type', path, 'is no expression: its `op` is not known');
      return 'any';
    }
    const node = this.#findings.object(path, value, ['op', ...members]);
    if (node === undefined || !members.every((name) => Object.hasOwn(node, name))) {
      const wanted = members.map((name) => `\`${name}\``).join(', ');
      this.#findings.add('wrong-type', path, `needs the members ${wanted}`);
      return 'any';
    }
    return this.#typeOf(path, node, depth + 1);
  }

  /** A finding where a type is none of those that would do. */
  expect(path: string, type: ExpressionType, wanted: readonly ExpressionType[]): void {
    if (type === 'any' || wanted.includes(type)) return;
    this.#findings.add('condition-type', path, `is ${named(type)}, and must be ${choice(wanted)}`);
  }

  #typeOf(path: string, node: Node, depth: number): ExpressionType {
    switch (node['op']) {
      case 'value':
        return this.#value(path, node['value']);
      case 'list':
        return this.#list(path, node['of'], depth);
      case 'path':
        return this.#path(path, node['path']);
      case 'variable':
        return this.#variable(path, node['name']);
      case 'member':
        return this.#member(path, node, depth);
      case 'index':
        return this.#index(path, node, depth);
      case 'has':
        return this.#has(path, node['of'], depth);
      case 'and':
      case 'or':
        return this.#connective(path, node, depth);
      case 'not':
        this.expect(`${path}.of`, this.check(`${path}.of`, node['of'], depth), ['boolean']);
        return 'boolean';
      case 'negate':
        return this.#negate(path, node['of'], depth);
      case 'if':
        return this.#choice(path, node, depth);
      case 'call':
        return this.#call(path, node, depth);
      default:
        return Object.hasOwn(node, 'body')
          ? this.#macro(path, node, depth)
          : this.#binary(path, node, depth);
    }
  }

  #value(path: string, value: unknown): ExpressionType {
    if (value === null) return 'null';
    if (typeof value === 'boolean') return 'boolean';
    if (typeof value === 'string') {
      if (value.length <= limits.textLengthMax) return 'text';
      const message = `is longer than ${limits.textLengthMax} characters`;
      this.#findings.add('operand-invalid', path, message);
    } else if (typeof value === 'number' && isExactLiteral(value)) {
      return 'number';
    } else {
      this.#findings.add('operand-invalid', path, 'must be a text, exact number, boolean or null');
    }
    return 'any';
  }

  /** A list of plain values is one node, whatever its length. */
  #list(path: string, of: unknown, depth: number): ExpressionType {
    if (!Array.isArray(of)) {
      this.#findings.add('wrong-type', `${path}.of`, 'must be a list');
    } else if (of.length > limits.conditionListMax) {
      const message = `has more than ${limits.conditionListMax} elements`;
      this.#findings.add('condition-too-large', path, message);
    } else {
      for (const [at, each] of of.entries()) {
        if (ownOf(each, 'op') === 'value') this.#nodes.left += 1;
        this.check(`${path}.of[${at}]`, each, depth);
      }
    }
    return 'list';
  }

  #path(path: string, segments: unknown): ExpressionType {
    if (!Array.isArray(segments) || !segments.every(isMemberName)) {
      const message = 'must be a list of names; other members are reached with `index`';
      this.#findings.add('condition-unknown-name', `${path}.path`, message);
      return 'any';
    }
    const [root = '', ...members] = segments;
    if (root === 'arguments') return members.length === 0 ? 'map' : 'any';
    if (root === 'session') return this.#session(path, members);
    if (!pathRoots.includes(root)) {
      const message = `\`${root}\` is not known; known are ${pathRoots.join(', ')}`;
      this.#findings.add('condition-unknown-name', path, message);
      return 'any';
    }
    if (members.length === 0) return 'text';
    this.#findings.add('condition-unknown-name', path, `\`${root}\` is a text, without members`);
    return 'any';
  }

  #session(path: string, members: readonly string[]): ExpressionType {
    const [name, ...more] = members;
    const type = sessionMembers.get(name);
    if (type !== undefined && more.length === 0) return type;
    const message =
      name === undefined
        ? 'is a map; write `session.id` for the session itself'
        : `\`session.${members.join('.')}\` is not known; known are ${[...sessionMembers.keys()].join(', ')}`;
    this.#findings.add('condition-unknown-name', path, message);
    return 'any';
  }

  #variable(path: string, name: unknown): ExpressionType {
    if (typeof name === 'string' && this.#variables.has(name)) return 'any';
    const message = 'is no variable of a macro around it';
    this.#findings.add('condition-unknown-name', `${path}.name`, message);
    return 'any';
  }

  #member(path: string, { of, name }: Node, depth: number): ExpressionType {
    if (ownOf(of, 'op') === 'path') {
      this.#findings.add('wrong-type', path, 'is a member of a path: write one longer path');
    }
    if (!isMemberName(name)) {
      const message = 'must be a name; other members are reached with `index`';
      this.#findings.add('condition-unknown-name', `${path}.name`, message);
    }
    this.expect(`${path}.of`, this.check(`${path}.of`, of, depth), ['map']);
    return 'any';
  }

  #index(path: string, { of, at }: Node, depth: number): ExpressionType {
    const type = this.check(`${path}.of`, of, depth);
    this.expect(`${path}.of`, type, ['list', 'map']);
    const wanted: ExpressionType[] = [];
    if (type !== 'map') wanted.push('number');
    if (type !== 'list') wanted.push('text');
    this.expect(`${path}.at`, this.check(`${path}.at`, at, depth), wanted);
    return 'any';
  }

  #has(path: string, of: unknown, depth: number): ExpressionType {
    const op = ownOf(of, 'op');
    const segments = ownOf(of, 'path');
    const isRoot = op === 'path' && Array.isArray(segments) && segments.length < 2;
    if ((op !== 'path' && op !== 'member') || isRoot) {
      this.#findings.add('wrong-type', path, '`has` needs a member, such as `arguments.note`');
      return 'boolean';
    }
    this.check(`${path}.of`, of, depth);
    return 'boolean';
  }

  #connective(path: string, { op, of }: Node, depth: number): ExpressionType {
    if (!Array.isArray(of) || of.length < 2) {
      this.#findings.add('empty-list', `${path}.of`, 'must be a list of at least two operands');
      return 'boolean';
    }
    for (const [at, each] of of.entries()) {
      const place = `${path}.of[${at}]`;
      if (ownOf(each, 'op') === op) {
        const message = `is \`${String(op)}\` within \`${String(op)}\`: write one list`;
        this.#findings.add('wrong-type', place, message);
      }
      this.expect(place, this.check(place, each, depth), ['boolean']);
    }
    return 'boolean';
  }

  #negate(path: string, of: unknown, depth: number): ExpressionType {
    if (ownOf(of, 'op') === 'value') {
      this.#findings.add('wrong-type', path, 'is a number with a sign: write it as a value');
    }
    this.expect(`${path}.of`, this.check(`${path}.of`, of, depth), ['number']);
    return 'number';
  }

  #choice(path: string, node: Node, depth: number): ExpressionType {
    this.expect(`${path}.test`, this.check(`${path}.test`, node['test'], depth), ['boolean']);
    const whenTrue = this.check(`${path}.whenTrue`, node['whenTrue'], depth);
    const whenFalse = this.check(`${path}.whenFalse`, node['whenFalse'], depth);
    return whenTrue === whenFalse ? whenTrue : 'any';
  }

  #macro(path: string, { op, of, as, body }: Node, depth: number): ExpressionType {
    this.expect(`${path}.of`, this.check(`${path}.of`, of, depth), ['list', 'map']);
    if (!isVariableName(as) || this.#variables.has(as)) {
      const message = 'must be a name that means nothing else here';
      this.#findings.add('condition-unknown-name', `${path}.as`, message);
      return 'any';
    }
    this.#variables.add(as);
    const type = this.check(`${path}.body`, body, depth);
    this.#variables.delete(as);
    if (op === 'map') return 'list';
    this.expect(`${path}.body`, type, ['boolean']);
    return op === 'filter' ? 'list' : 'boolean';
  }

  #binary(path: string, { op, left, right }: Node, depth: number): ExpressionType {
    const [a, b] = [`${path}.left`, `${path}.right`];
    const first = this.check(a, left, depth);
    const second = this.check(b, right, depth);
    switch (op) {
      case 'equal':
      case 'unequal':
        if (first !== second && first !== 'any' && second !== 'any') {
          const message = `compares ${named(first)} with ${named(second)}: they are never equal`;
          this.#findings.add('condition-type', path, message);
        }
        return 'boolean';
      case 'in':
        this.expect(b, second, ['list', 'map']);
        if (second === 'map') this.expect(a, first, ['text']);
        return 'boolean';
      case 'add': {
        const wanted: readonly ExpressionType[] = ['number', 'text'];
        this.expect(a, first, wanted);
        this.expect(b, second, wanted.includes(first) ? [first] : wanted);
        return wanted.find((type) => type === first || type === second) ?? 'any';
      }
      default: {
        this.#numbers(a, first);
        this.#numbers(b, second);
        const isArithmetic = ['subtract', 'multiply', 'divide', 'remainder'].includes(String(op));
        return isArithmetic ? 'number' : 'boolean';
      }
    }
  }

  /** Texts have no order here: neither amounts nor levels of risk compare as they are spelt. */
  #numbers(path: string, type: ExpressionType): void {
    if (type !== 'text') return this.expect(path, type, ['number']);
    const message = 'is a text, and must be a number; `decimal(…)` and `riskRank(…)` make one';
    this.#findings.add('condition-type', path, message);
  }

  #call(path: string, { name, of }: Node, depth: number): ExpressionType {
    const declared = typeof name === 'string' ? expressionFunctions.get(name) : undefined;
    if (declared === undefined) {
      const known = [...expressionFunctions.keys()].join(', ');
      const message = `is no function; known are ${known}`;
      this.#findings.add('condition-unknown-name', `${path}.name`, message);
      return 'any';
    }
    const { parameters, result } = declared;
    if (!Array.isArray(of) || of.length !== parameters.length) {
      const message = `\`${String(name)}\` takes ${parameters.length} arguments`;
      this.#findings.add('condition-type', `${path}.of`, message);
      return result;
    }
    for (const [at, each] of of.entries()) {
      const place = `${path}.of[${at}]`;
      this.expect(place, this.check(place, each, depth), parameters[at] ?? []);
    }
    this.#literal(`${path}.of[${of.length - 1}]`, of.at(-1), String(name), declared);
    return result;
  }

  /** The last argument, where it is a text that stands in the expression. */
  #literal(path: string, value: unknown, name: string, declared: ExpressionFunction): void {
    const text = ownOf(value, 'op') === 'value' ? ownOf(value, 'value') : undefined;
    const code = name === 'matches' ? 'regex-invalid' : 'operand-invalid';
    if (typeof text === 'string') {
      const problem = declared.wrongLiteral(text);
      if (problem !== undefined) this.#findings.add(code, path, problem);
    } else if (declared.needsLiteral) {
      const message = `\`${name}\` needs a pattern that stands in the expression as a text`;
      this.#findings.add(code, path, message);
    }
  }
}

function isExactLiteral(value: number): boolean {
  if (Object.is(value, -0)) return false;
  return Number.isInteger(value) ? Number.isSafeInteger(value) : exactDecimal(value) !== undefined;
}

function ownOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Node)[name];
}

const words: Readonly<Record<ExpressionType, string>> = {
  boolean: 'a boolean',
  number: 'a number',
  text: 'a text',
  null: 'null',
  list: 'a list',
  map: 'a map',
  any: 'anything',
};

function named(type: ExpressionType): string {
  return words[type];
}

function choice(types: readonly ExpressionType[]): string {
  return types.map(named).join(' or ');
}
