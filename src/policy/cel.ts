/**
 * CEL as people write it, turned into the kernel's expressions. Only the parser of a CEL library is used:
 * what an expression means is decided by the kernel alone.
 *
 * A text either becomes an expression or there is a problem with its place in the text. Syntax that has no
 * meaning here (maps, bytes, timestamps, unsigned numbers, unknown functions) is refused, never ignored.
 */
import { parse, type ASTNode } from '@marcbachmann/cel-js';
import { exactDecimal, limits } from '../kernel/index.ts';
import {
  type BinaryOperator,
  type ExpressionDocument,
  isVariableName,
  type Macro,
  pathRoots,
} from '../kernel/policy/expression.ts';
import { expressionFunctions } from '../kernel/policy/expression-functions.ts';
import { openBetween, openBrackets } from './cel-brackets.ts';

export interface CelProblem {
  readonly message: string;
  /** Which characters of the text are meant. */
  readonly offset: number;
  readonly length: number;
}

export type CelRead =
  | { readonly expression: ExpressionDocument }
  | { readonly problem: CelProblem };

/** Turns a CEL text into an expression, which the kernel has yet to check. */
export function celToExpression(text: string): CelRead {
  if (text.length > limits.expressionLengthMax) {
    const message = `is longer than ${limits.expressionLengthMax} characters`;
    return { problem: { message, offset: 0, length: text.length } };
  }
  try {
    return { expression: new CelReader(text).read(parse(text).ast, 1) };
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.problem };
    return { problem: syntaxProblem(error) };
  }
}

/** Thrown and caught in this file only: the reader is recursive. */
class Refusal extends Error {
  readonly problem: CelProblem;

  constructor(message: string, { start, end }: { readonly start: number; readonly end: number }) {
    super(message);
    this.problem = { message, offset: start, length: end - start };
  }
}

/** What the parser found wrong, in its words. */
function syntaxProblem(error: unknown): CelProblem {
  const { summary, range } = (error ?? {}) as {
    readonly summary?: unknown;
    readonly range?: { readonly start?: unknown; readonly end?: unknown };
  };
  const start = typeof range?.start === 'number' ? range.start : 0;
  const end = typeof range?.end === 'number' ? range.end : start;
  const said = typeof summary === 'string' ? summary : 'it cannot be parsed';
  const message = `is no CEL: ${said.slice(0, 1).toLowerCase()}${said.slice(1)}`;
  return { message, offset: start, length: Math.max(0, end - start) };
}

const binaryByCel: ReadonlyMap<string, BinaryOperator> = new Map<string, BinaryOperator>([
  ['==', 'equal'],
  ['!=', 'unequal'],
  ['<', 'less'],
  ['<=', 'atMost'],
  ['>', 'more'],
  ['>=', 'atLeast'],
  ['in', 'in'],
  ['+', 'add'],
  ['-', 'subtract'],
  ['*', 'multiply'],
  ['/', 'divide'],
  ['%', 'remainder'],
]);

const equalities: ReadonlySet<string> = new Set(['==', '!=']);
/** The parser has them bind tighter than equality; CEL has all comparisons bind alike, from the left. */
const tighterRelations: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', 'in']);

const divisions: ReadonlySet<string> = new Set(['/', '%']);

const macroByCel: ReadonlyMap<string, Macro> = new Map<string, Macro>([
  ['all', 'every'],
  ['exists', 'some'],
  ['exists_one', 'exactlyOne'],
  ['filter', 'filter'],
  ['map', 'map'],
]);

class CelReader {
  readonly #text: string;
  readonly #variables = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  read(node: ASTNode, depth: number): ExpressionDocument {
    if (depth > limits.conditionDepthMax) {
      throw new Refusal(`is nested deeper than ${limits.conditionDepthMax}`, node);
    }
    const below = depth + 1;
    switch (node.op) {
      case 'value':
        return { op: 'value', value: this.#value(node) };
      case 'id':
        return this.#name(node, node.args);
      case '.':
        return this.#member(node, node.args, below);
      case '[]':
        return {
          op: 'index',
          of: this.read(node.args[0], below),
          at: this.read(node.args[1], below),
        };
      case '&&':
      case '||': {
        const of = operandsOf(node, node.op).map((each) => this.read(each, below));
        return { op: node.op === '&&' ? 'and' : 'or', of };
      }
      case '!_':
        return { op: 'not', of: this.read(node.args, below) };
      case '-_':
        return this.#negate(this.read(node.args, below));
      case '?:': {
        const [test, whenTrue, whenFalse] = node.args;
        return {
          op: 'if',
          test: this.read(test, below),
          whenTrue: this.read(whenTrue, below),
          whenFalse: this.read(whenFalse, below),
        };
      }
      case 'list':
        return { op: 'list', of: node.args.map((each) => this.read(each, below)) };
      case 'call':
        return this.#call(node, { name: node.args[0], of: node.args[1] }, below);
      case 'rcall': {
        const [name, receiver, of] = node.args;
        const macro = macroByCel.get(name);
        if (macro !== undefined) return this.#macro(node, { macro, name, receiver, of }, below);
        return this.#call(node, { name, of: [receiver, ...of] }, below);
      }
      default:
        return this.#binary(node, below);
    }
  }

  #binary(node: ASTNode, depth: number): ExpressionDocument {
    const op = binaryByCel.get(node.op);
    if (op === undefined) {
      const what = node.op === 'map' ? 'a map in braces' : `\`${node.op}\``;
      throw new Refusal(`has ${what}, which conditions do not have`, node);
    }
    const [left, right] = node.args as readonly [ASTNode, ASTNode];
    if (equalities.has(node.op) && tighterRelations.has(right.op))
      this.#assertInBrackets(left, right);
    const pointed = divisions.has(node.op) ? [left, right].find(isPointed) : undefined;
    if (pointed !== undefined) {
      const message = 'is divided or divides, which whole numbers do: write it without a point';
      throw new Refusal(`${message}, or multiply the other side`, pointed);
    }
    return { op, left: this.read(left, depth), right: this.read(right, depth) };
  }

  /** Refuses `a == b in c`, which CEL reads as `(a == b) in c`, and whoever writes it hardly does. */
  #assertInBrackets(left: ASTNode, comparison: ASTNode): void {
    const open = openBrackets(this.#text);
    const [first, second] = comparison.args as readonly [ASTNode, ASTNode];
    if (openBetween(open, first, second) > openBetween(open, left, comparison)) return;
    const message =
      'is compared with what stands before it: put one of the two comparisons in parentheses';
    throw new Refusal(message, comparison);
  }

  #value(node: ASTNode & { readonly op: 'value' }): string | number | boolean | null {
    const value = node.args;
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'bigint') {
      if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
      throw new Refusal('is beyond 2^53: write it as `decimal("…")`', node);
    }
    if (typeof value === 'number') {
      const written = this.#text.slice(node.start, node.end);
      if (isAsWritten(value, written)) return value;
      throw new Refusal('is no exact number: write all digits, as `decimal("…")` if many', node);
    }
    const help = 'write a plain number or text';
    throw new Refusal(`is of a kind that conditions do not have: ${help}`, node);
  }

  #name(node: ASTNode, name: string): ExpressionDocument {
    if (this.#variables.has(name)) return { op: 'variable', name };
    if (pathRoots.includes(name)) return { op: 'path', path: [name] };
    const message = `has the unknown name \`${name}\`; known are ${pathRoots.join(', ')}`;
    throw new Refusal(message, node);
  }

  #member(
    node: ASTNode,
    [parent, name]: readonly [ASTNode, string],
    depth: number,
  ): ExpressionDocument {
    const chain = pathOf(node);
    if (chain !== undefined && !this.#variables.has(chain.root.args)) {
      this.#name(chain.root, chain.root.args);
      return { op: 'path', path: [chain.root.args, ...chain.members] };
    }
    return { op: 'member', of: this.read(parent, depth), name };
  }

  /** A negative number is a value, so that it has one form. */
  #negate(of: ExpressionDocument): ExpressionDocument {
    if (of.op !== 'value' || typeof of.value !== 'number') return { op: 'negate', of };
    return { op: 'value', value: of.value === 0 ? 0 : -of.value };
  }

  #call(
    node: ASTNode,
    { name, of }: { readonly name: string; readonly of: readonly ASTNode[] },
    depth: number,
  ): ExpressionDocument {
    if (name === 'has') return this.#has(node, of, depth);
    const declared = expressionFunctions.get(name);
    if (declared === undefined) {
      const known = ['has', ...macroByCel.keys(), ...expressionFunctions.keys()].join(', ');
      throw new Refusal(`calls the unknown function \`${name}\`; known are ${known}`, node);
    }
    if (of.length !== declared.parameters.length) {
      const message = `calls \`${name}\` with ${of.length} arguments; it takes ${declared.parameters.length}`;
      throw new Refusal(message, node);
    }
    return { op: 'call', name, of: of.map((each) => this.read(each, depth)) };
  }

  #has(node: ASTNode, of: readonly ASTNode[], depth: number): ExpressionDocument {
    const [member] = of;
    const read = member === undefined || of.length > 1 ? undefined : this.read(member, depth);
    if (read?.op === 'member' || (read?.op === 'path' && read.path.length > 1)) {
      return { op: 'has', of: read };
    }
    throw new Refusal('calls `has` without a member, such as `has(arguments.note)`', node);
  }

  #macro(
    node: ASTNode,
    call: {
      readonly macro: Macro;
      readonly name: string;
      readonly receiver: ASTNode;
      readonly of: readonly ASTNode[];
    },
    depth: number,
  ): ExpressionDocument {
    const [variable, body] = call.of;
    if (call.of.length !== 2 || variable?.op !== 'id' || body === undefined) {
      throw new Refusal(`needs \`${call.name}(element, condition)\``, node);
    }
    const as = variable.args;
    if (!isVariableName(as) || this.#variables.has(as)) {
      throw new Refusal(`calls an element \`${as}\`, which already means something`, variable);
    }
    const of = this.read(call.receiver, depth);
    this.#variables.add(as);
    const document = { op: call.macro, of, as, body: this.read(body, depth) };
    this.#variables.delete(as);
    return document;
  }
}

/** `a && b && c` is one list of three, in the order of the text. */
function operandsOf(node: ASTNode, op: '&&' | '||'): readonly ASTNode[] {
  const operands: ASTNode[] = [];
  const waiting: ASTNode[] = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.op === op) waiting.push(next.args[1], next.args[0]);
    else operands.push(next);
  }
  return operands;
}

/** A whole number with a point: in CEL, half of `5.0` is not 2. Others are no whole numbers, and an error. */
function isPointed(node: ASTNode): boolean {
  if (node.op === '-_') return isPointed(node.args);
  return node.op === 'value' && typeof node.args === 'number' && Number.isInteger(node.args);
}

interface Chain {
  readonly root: ASTNode & { readonly op: 'id' };
  readonly members: readonly string[];
}

/** The names of `a.b.c`; undefined for anything else. */
function pathOf(node: ASTNode): Chain | undefined {
  const members: string[] = [];
  let at = node;
  while (at.op === '.') {
    members.push(at.args[1]);
    at = at.args[0];
  }
  return at.op === 'id' ? { root: at, members: members.toReversed() } : undefined;
}

/** Whether a number shows all that was written: `0.10` does, a number with twenty digits does not. */
function isAsWritten(value: number, written: string): boolean {
  const [whole = '', fraction = ''] = written.split('.');
  const digits = fraction.replace(/0+$/, '');
  const plain = digits === '' ? whole : `${whole}.${digits}`;
  return String(value) === plain && exactDecimal(value) !== undefined;
}
