/** Checks conditions: known operators, operands that fit them, depth and size. */
import { limits } from '../limits.ts';
import { checkComparison } from './check-comparison.ts';
import { checkExpression, isTooDeep, type Place } from './check-expression.ts';
import { exactDecimal } from './decimal.ts';
import { operators, type Operator } from './document.ts';
import { pathRoots } from './expression.ts';
import { type Findings, isText } from './finding.ts';
import { isGlob } from './glob.ts';
import { isFolder } from './path.ts';
import type { ArgumentTypes } from './value-type.ts';

/**
 * What is wrong with one rule's condition goes into `findings`. Arguments can be anything where nothing is
 * known of them.
 */
export function checkCondition(
  findings: Findings,
  path: string,
  value: unknown,
  types?: ArgumentTypes,
): void {
  const nodes = { left: limits.conditionNodesMax };
  checkNode(findings, path, value, { depth: 1, nodes, types });
  if (nodes.left < 0)
    findings.add('condition-too-large', path, `has more than ${limits.conditionNodesMax} nodes`);
}

const members = ['all', 'any', 'not', 'expression', 'path', ...operators];
const kinds = ['all', 'any', 'not', 'expression'] as const;

function checkNode(findings: Findings, path: string, value: unknown, place: Place): void {
  const { depth, nodes, types } = place;
  nodes.left -= 1;
  if (nodes.left < 0) return;
  if (isTooDeep(findings, path, depth)) return;
  if (isCel(value)) {
    const message = 'is CEL, which has to be read first: load the document through `readPolicy`';
    return findings.add('expression-syntax', path, message);
  }
  const node = findings.object(path, value, members);
  if (node === undefined) return;
  const kind = kinds.find((name) => Object.hasOwn(node, name));
  if (kind === undefined) return checkLeaf(findings, path, node, types);
  if (Object.keys(node).length > 1) {
    return findings.add('unknown-member', path, `has other members beside \`${kind}\``);
  }
  const inner = { depth: depth + 1, nodes, types };
  if (kind === 'not') return checkNode(findings, `${path}.not`, node['not'], inner);
  if (kind === 'expression') {
    // An expression is one node of the tree, and all that is in it counts as below it.
    return checkExpression(findings, `${path}.expression`, node['expression'], inner);
  }
  const operands = node[kind];
  if (!Array.isArray(operands) || operands.length === 0) {
    return findings.add(
      'empty-list',
      `${path}.${kind}`,
      'must be a list with at least one condition',
    );
  }
  for (const [position, operand] of operands.entries()) {
    checkNode(findings, `${path}.${kind}[${position}]`, operand, inner);
  }
}

/** A text, or an object with a member `cel`: what people write, and the kernel does not read. */
function isCel(value: unknown): boolean {
  if (typeof value === 'string') return true;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'cel');
}

function checkLeaf(
  findings: Findings,
  path: string,
  node: Readonly<Record<string, unknown>>,
  types: ArgumentTypes | undefined,
): void {
  const target = node['path'];
  if (!isText(target))
    return findings.add('wrong-type', path, 'needs a `path`, `all`, `any` or `not`');
  const segments = target.split('.');
  const [root = ''] = segments;
  if (!pathRoots.includes(root) || segments.includes('')) {
    findings.add(
      'condition-unknown-name',
      `${path}.path`,
      `must start with one of ${pathRoots.join(', ')}`,
    );
  } else if (root === 'assetClasses') {
    const message = 'is a list, which only expressions read: `"name" in assetClasses`';
    findings.add('condition-type', `${path}.path`, message);
  } else if (root === 'guardrails' && segments.length !== 2) {
    const message = 'must name one guardrail: `guardrails.<id>`';
    findings.add('condition-unknown-name', `${path}.path`, message);
  } else if (!['arguments', 'guardrails'].includes(root) && segments.length > 1) {
    findings.add('condition-unknown-name', `${path}.path`, `\`${root}\` has no members`);
  }
  const named = Object.keys(node).filter((name) => name !== 'path');
  const [operator] = named;
  if (operator === undefined || named.length > 1) {
    return findings.add('operand-invalid', path, 'needs exactly one operator');
  }
  const operand = node[operator];
  const wanted = wrongOperand(operator as Operator, operand);
  if (wanted !== undefined)
    findings.add('operand-invalid', `${path}.${operator}`, `must be ${wanted}`);
  else if (wordRoots.has(root) && orders.has(operator)) {
    const message = `\`${root}\` is a word, which has no order: say with \`in\` which it may be`;
    findings.add('condition-type', `${path}.${operator}`, message);
  } else if (root === 'arguments')
    checkComparison(findings, { path, operator: operator as Operator, operand }, segments, types);
}

/** What is always one of a few words: in no order of numbers, it would be an error for every call. */
const wordRoots: ReadonlySet<string> = new Set(['risk', 'guardrails']);
const orders: ReadonlySet<string> = new Set(['lessThan', 'atMost', 'moreThan', 'atLeast']);

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** What the operand should have been, or undefined where it fits. */
function wrongOperand(operator: Operator, operand: unknown): string | undefined {
  switch (operator) {
    case 'equals':
    case 'notEquals':
      return isScalar(operand) ? undefined : 'a string, number, boolean or null';
    case 'in':
    case 'notIn':
      return Array.isArray(operand) &&
        operand.length > 0 &&
        operand.length <= limits.conditionListMax &&
        operand.every(isScalar)
        ? undefined
        : `a list of 1 to ${limits.conditionListMax} strings, numbers or booleans`;
    case 'lessThan':
    case 'atMost':
    case 'moreThan':
    case 'atLeast':
      return exactDecimal(operand) === undefined
        ? 'a number or an exact decimal string'
        : undefined;
    case 'matches':
      return isGlob(operand) ? undefined : 'a glob pattern in printable ASCII';
    case 'inside':
    case 'outside':
      return isText(operand) && isFolder(operand) ? undefined : 'a plain folder path';
    case 'exists':
      return typeof operand === 'boolean' ? undefined : 'true or false';
    case 'startsWith':
    case 'endsWith':
    case 'contains':
      return isText(operand) ? undefined : 'a text that is not empty';
    default:
      return 'a known operator';
  }
}
