/** Checks conditions: known operators, operands that fit them, depth and size. */
import { limits } from '../limits.ts';
import { pathRoots } from './condition.ts';
import { exactDecimal } from './decimal.ts';
import { operators, type Operator } from './document.ts';
import { type Findings, isText } from './finding.ts';
import { isGlob } from './glob.ts';
import { pathSegments } from './path.ts';

/** What is wrong with one rule's condition goes into `findings`. */
export function checkCondition(findings: Findings, path: string, value: unknown): void {
  const nodes = { left: limits.conditionNodesMax };
  checkNode(findings, path, value, 1, nodes);
  if (nodes.left < 0) findings.add(path, `has more than ${limits.conditionNodesMax} nodes`);
}

function checkNode(
  findings: Findings,
  path: string,
  value: unknown,
  depth: number,
  nodes: { left: number },
): void {
  nodes.left -= 1;
  if (nodes.left < 0) return;
  if (depth > limits.conditionDepthMax) {
    return findings.add(path, `is nested deeper than ${limits.conditionDepthMax}`);
  }
  const node = findings.object(path, value, ['all', 'any', 'not', 'path', ...operators]);
  if (node === undefined) return;
  const kind = (['all', 'any', 'not'] as const).find((name) => Object.hasOwn(node, name));
  if (kind === undefined) return checkLeaf(findings, path, node);
  if (Object.keys(node).length > 1) {
    return findings.add(path, `has other members beside \`${kind}\``);
  }
  if (kind === 'not') return checkNode(findings, `${path}.not`, node['not'], depth + 1, nodes);
  const operands = node[kind];
  if (!Array.isArray(operands) || operands.length === 0) {
    return findings.add(`${path}.${kind}`, 'must be a list with at least one condition');
  }
  for (const [position, operand] of operands.entries()) {
    checkNode(findings, `${path}.${kind}[${position}]`, operand, depth + 1, nodes);
  }
}

function checkLeaf(
  findings: Findings,
  path: string,
  node: Readonly<Record<string, unknown>>,
): void {
  const target = node['path'];
  if (!isText(target)) return findings.add(path, 'needs a `path`, `all`, `any` or `not`');
  const segments = target.split('.');
  const [root = ''] = segments;
  if (!pathRoots.includes(root) || segments.includes('')) {
    findings.add(`${path}.path`, `must start with one of ${pathRoots.join(', ')}`);
  } else if (root !== 'arguments' && segments.length > 1) {
    findings.add(`${path}.path`, `\`${root}\` has no members`);
  }
  const named = Object.keys(node).filter((name) => name !== 'path');
  const [operator] = named;
  if (operator === undefined || named.length > 1) {
    return findings.add(path, 'needs exactly one operator');
  }
  const wanted = wrongOperand(operator as Operator, node[operator]);
  if (wanted !== undefined) findings.add(`${path}.${operator}`, `must be ${wanted}`);
}

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
      return isText(operand) && pathSegments(operand) !== undefined
        ? undefined
        : 'a plain folder path';
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
