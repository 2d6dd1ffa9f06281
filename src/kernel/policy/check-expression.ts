/**
 * Checks expressions before a policy may be active: every operation, member, name and function known, every
 * literal of the right kind, and no operator on a type that it could never work on.
 *
 * Arguments have any type until there is a request, unless the schemas of tools are given; everything else is
 * known here. What checks can still fail at evaluation, which denies. What does not check could only ever
 * fail, or could be read in two ways.
 */
import { limits } from '../limits.ts';
import { checkPath } from './check-path.ts';
import { exactDecimal } from './decimal.ts';
import { isMemberName, isVariableName } from './expression.ts';
import {
  type ExpressionFunction,
  expressionFunctions,
  type ExpressionType,
} from './expression-functions.ts';
import { membersByOperation, type Node, ownOf } from './expression-node.ts';
import type { Findings } from './finding.ts';
import {
  anything,
  type ArgumentTypes,
  choice,
  containerOf,
  elementOf,
  elementsOf,
  heard,
  iterated,
  type Kind,
  memberOf,
  neverSame,
  only,
  onlyKind,
  sidesOf,
  subjectOf,
  typeOfLiterals,
  type ValueType,
} from './value-type.ts';

/** How deep a node is, how many more its condition may have, and what is known of arguments. */
export interface Place {
  readonly depth: number;
  readonly nodes: { left: number };
  readonly types?: ArgumentTypes | undefined;
}

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
  place: Place = { depth: 1, nodes: { left: limits.conditionNodesMax } },
): void {
  const checker = new ExpressionChecker(findings, place);
  const type = checker.check(path, value, place.depth);
  checker.expect(path, type, ['boolean']);
}

class ExpressionChecker {
  readonly #findings: Findings;
  readonly #nodes: { left: number };
  readonly #types: ArgumentTypes | undefined;
  readonly #variables = new Map<string, ValueType>();
  /** What only `has` looks at. */
  readonly #asked = new WeakSet<object>();

  constructor(findings: Findings, { nodes, types }: Place) {
    this.#findings = findings;
    this.#nodes = nodes;
    this.#types = types;
  }

  /** The type of a node; anything where it is not known, or where there is a finding already. */
  check(path: string, value: unknown, depth: number): ValueType {
    this.#nodes.left -= 1;
    if (this.#nodes.left < 0 || isTooDeep(this.#findings, path, depth)) return anything;
    const op = ownOf(value, 'op');
    const members = membersByOperation.get(op);
    if (members === undefined) {
      this.#findings.add('wrong-type', path, 'is no expression: its `op` is not known');
      return anything;
    }
    const node = this.#findings.object(path, value, ['op', ...members]);
    if (node === undefined || !members.every((name) => Object.hasOwn(node, name))) {
      const wanted = members.map((name) => `\`${name}\``).join(', ');
      this.#findings.add('wrong-type', path, `needs the members ${wanted}`);
      return anything;
    }
    return this.#typeOf(path, node, depth + 1);
  }

  /** A finding where a type is none of those that would do. */
  expect(path: string, type: ValueType, wanted: readonly ExpressionType[]): void {
    if (type.kinds.some((kind) => wanted.includes(kind))) return;
    const message = `${subjectOf(type)}is ${choice(type.kinds)}, and must be ${choice(wanted)}`;
    this.#findings.add('condition-type', path, message);
  }

  #typeOf(path: string, node: Node, depth: number): ValueType {
    switch (node['op']) {
      case 'value':
        return this.#value(path, node['value']);
      case 'list':
        return this.#list(path, node['of'], depth);
      case 'path':
        return this.#path(path, node);
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
        return only('boolean');
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

  #value(path: string, value: unknown): ValueType {
    if (value === null || typeof value === 'boolean') return typeOfLiterals([value]);
    if (typeof value === 'string') {
      if (value.length <= limits.textLengthMax) return typeOfLiterals([value]);
      const message = `is longer than ${limits.textLengthMax} characters`;
      this.#findings.add('operand-invalid', path, message);
    } else if (typeof value === 'number' && isExactLiteral(value)) {
      return typeOfLiterals([value]);
    } else {
      this.#findings.add('operand-invalid', path, 'must be a text, exact number, boolean or null');
    }
    return anything;
  }

  /** A list of plain values is one node, whatever its length. */
  #list(path: string, of: unknown, depth: number): ValueType {
    const parts: ValueType[] = [];
    if (!Array.isArray(of)) {
      this.#findings.add('wrong-type', `${path}.of`, 'must be a list');
    } else if (of.length > limits.conditionListMax) {
      const message = `has more than ${limits.conditionListMax} elements`;
      this.#findings.add('condition-too-large', path, message);
    } else {
      for (const [at, each] of of.entries()) {
        if (ownOf(each, 'op') === 'value') this.#nodes.left += 1;
        parts.push(this.check(`${path}.of[${at}]`, each, depth));
      }
    }
    return { ...only('list'), parts };
  }

  #path(path: string, node: Node): ValueType {
    const terms = { path, isPresence: this.#asked.has(node), types: this.#types };
    return checkPath(this.#findings, node['path'], terms);
  }

  #variable(path: string, name: unknown): ValueType {
    const type = typeof name === 'string' ? this.#variables.get(name) : undefined;
    if (type !== undefined) return type;
    const message = 'is no variable of a macro around it';
    this.#findings.add('condition-unknown-name', `${path}.name`, message);
    return anything;
  }

  #member(path: string, node: Node, depth: number): ValueType {
    const { of, name } = node;
    if (ownOf(of, 'op') === 'path') {
      this.#findings.add('wrong-type', path, 'is a member of a path: write one longer path');
    }
    if (!isMemberName(name)) {
      const message = 'must be a name; other members are reached with `index`';
      this.#findings.add('condition-unknown-name', `${path}.name`, message);
    }
    const type = this.check(`${path}.of`, of, depth);
    this.expect(`${path}.of`, type, ['map']);
    return this.#part(path, type, { key: name, isPresence: this.#asked.has(node) });
  }

  #index(path: string, { of, at }: Node, depth: number): ValueType {
    const type = this.check(`${path}.of`, of, depth);
    this.expect(`${path}.of`, type, ['list', 'map']);
    const container = containerOf(type);
    const wanted: Kind[] = [];
    if (container !== 'map') wanted.push('number');
    if (container !== 'list') wanted.push('text');
    this.expect(`${path}.at`, this.check(`${path}.at`, at, depth), wanted);
    return this.#part(path, type, { key: ownOf(at, 'value'), isPresence: false });
  }

  /** The type of one part of an argument. `key` is a name or place, or undefined where it is computed. */
  #part(
    path: string,
    type: ValueType,
    { key, isPresence }: { readonly key: unknown; readonly isPresence: boolean },
  ): ValueType {
    const { name: whole, kinds } = type;
    if (whole === undefined) return anything;
    const read = (name: string, part: ValueType): ValueType =>
      heard(this.#types, { path, name, type: part, isPresence });
    if (typeof key === 'string') {
      return kinds.includes('map') ? read(`${whole}.${key}`, memberOf(type, key)) : anything;
    }
    if (containerOf(type) !== 'list') return anything;
    const at = Number.isSafeInteger(key) ? (key as number) : undefined;
    return read(`${whole}[${at ?? ''}]`, elementOf(type, at));
  }

  #has(path: string, of: unknown, depth: number): ValueType {
    const op = ownOf(of, 'op');
    const segments = ownOf(of, 'path');
    const isRoot = op === 'path' && Array.isArray(segments) && segments.length < 2;
    if ((op !== 'path' && op !== 'member') || isRoot) {
      this.#findings.add('wrong-type', path, '`has` needs a member, such as `arguments.note`');
      return only('boolean');
    }
    this.#asked.add(of as object);
    this.check(`${path}.of`, of, depth);
    return only('boolean');
  }

  #connective(path: string, { op, of }: Node, depth: number): ValueType {
    if (!Array.isArray(of) || of.length < 2) {
      this.#findings.add('empty-list', `${path}.of`, 'must be a list of at least two operands');
      return only('boolean');
    }
    for (const [at, each] of of.entries()) {
      const place = `${path}.of[${at}]`;
      if (ownOf(each, 'op') === op) {
        const message = `is \`${String(op)}\` within \`${String(op)}\`: write one list`;
        this.#findings.add('wrong-type', place, message);
      }
      this.expect(place, this.check(place, each, depth), ['boolean']);
    }
    return only('boolean');
  }

  #negate(path: string, of: unknown, depth: number): ValueType {
    if (ownOf(of, 'op') === 'value') {
      this.#findings.add('wrong-type', path, 'is a number with a sign: write it as a value');
    }
    this.expect(`${path}.of`, this.check(`${path}.of`, of, depth), ['number']);
    return only('number');
  }

  #choice(path: string, node: Node, depth: number): ValueType {
    this.expect(`${path}.test`, this.check(`${path}.test`, node['test'], depth), ['boolean']);
    const whenTrue = onlyKind(this.check(`${path}.whenTrue`, node['whenTrue'], depth));
    const whenFalse = onlyKind(this.check(`${path}.whenFalse`, node['whenFalse'], depth));
    return whenTrue !== undefined && whenTrue === whenFalse ? only(whenTrue) : anything;
  }

  #macro(path: string, { op, of, as, body }: Node, depth: number): ValueType {
    const range = this.check(`${path}.of`, of, depth);
    this.expect(`${path}.of`, range, ['list', 'map']);
    if (!isVariableName(as) || this.#variables.has(as)) {
      const message = 'must be a name that means nothing else here';
      this.#findings.add('condition-unknown-name', `${path}.as`, message);
      return anything;
    }
    this.#variables.set(as, iterated(range, as));
    const type = this.check(`${path}.body`, body, depth);
    this.#variables.delete(as);
    if (op === 'map') return only('list');
    this.expect(`${path}.body`, type, ['boolean']);
    if (op !== 'filter') return only('boolean');
    return containerOf(range) === 'list' ? { ...range, kinds: ['list'] } : only('list');
  }

  #binary(path: string, { op, left, right }: Node, depth: number): ValueType {
    const [a, b] = [`${path}.left`, `${path}.right`];
    const first = this.check(a, left, depth);
    const second = this.check(b, right, depth);
    switch (op) {
      case 'equal':
      case 'unequal':
        if (neverSame(first, second)) {
          const [one, other] = sidesOf(first, second);
          const message = `compares ${one} with ${other}: they are never equal`;
          this.#findings.add('condition-type', path, message);
        }
        return only('boolean');
      case 'in':
        this.expect(b, second, ['list', 'map']);
        if (containerOf(second) === 'map') this.expect(a, first, ['text']);
        this.#membership(path, left, first, second);
        return only('boolean');
      case 'add': {
        const wanted: readonly Kind[] = ['number', 'text'];
        const both = wanted.filter((kind) => first.kinds.includes(kind));
        this.expect(a, first, wanted);
        this.expect(b, second, both.length === 0 ? wanted : both);
        const known = new Set([onlyKind(first), onlyKind(second)]);
        return only(wanted.find((kind) => known.has(kind)) ?? 'any');
      }
      default: {
        this.#numbers(a, first);
        this.#numbers(b, second);
        const isArithmetic = ['subtract', 'multiply', 'divide', 'remainder'].includes(String(op));
        return only(isArithmetic ? 'number' : 'boolean');
      }
    }
  }

  /** Only of arguments: what is in no list, and what is no member of a map. */
  #membership(path: string, left: unknown, first: ValueType, container: ValueType): void {
    if (containerOf(container) === 'map') {
      const key = ownOf(left, 'value');
      if (typeof key === 'string') this.#part(path, container, { key, isPresence: true });
    }
    const element = elementsOf(container);
    if (element === undefined || (first.name ?? element.name) === undefined) return;
    if (!neverSame(first, element)) return;
    const [one, others] = sidesOf(first, element);
    const message = `looks for ${one} among ${others}: they are never equal`;
    this.#findings.add('condition-type', path, message);
  }

  /** Texts have no order here: neither amounts nor levels of risk compare as they are spelt. */
  #numbers(path: string, type: ValueType): void {
    if (onlyKind(type) !== 'text') return this.expect(path, type, ['number']);
    const advice = '`decimal(…)` and `riskRank(…)` make one';
    const message = `${subjectOf(type)}is a text, and must be a number; ${advice}`;
    this.#findings.add('condition-type', path, message);
  }

  #call(path: string, { name, of }: Node, depth: number): ValueType {
    const declared = typeof name === 'string' ? expressionFunctions.get(name) : undefined;
    if (declared === undefined) {
      const known = [...expressionFunctions.keys()].join(', ');
      const message = `is no function; known are ${known}`;
      this.#findings.add('condition-unknown-name', `${path}.name`, message);
      return anything;
    }
    const { parameters, result } = declared;
    if (!Array.isArray(of) || of.length !== parameters.length) {
      const message = `\`${String(name)}\` takes ${parameters.length} arguments`;
      this.#findings.add('condition-type', `${path}.of`, message);
      return only(result);
    }
    for (const [at, each] of of.entries()) {
      const place = `${path}.of[${at}]`;
      this.expect(place, this.check(place, each, depth), parameters[at] ?? []);
    }
    this.#literal(`${path}.of[${of.length - 1}]`, of.at(-1), String(name), declared);
    return only(result);
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
