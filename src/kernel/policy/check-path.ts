/** Checks the paths of expressions: which names there are, and what is known of what is there. */
import { isMemberName, pathRoots } from './expression.ts';
import type { ExpressionType } from './expression-functions.ts';
import type { Findings } from './finding.ts';
import {
  anything,
  argumentType,
  type ArgumentTypes,
  memberOf,
  only,
  type ValueType,
} from './value-type.ts';

const sessionMembers: ReadonlyMap<unknown, ExpressionType> = new Map<unknown, ExpressionType>([
  ['id', 'text'],
  ['allowed', 'number'],
  ['denied', 'number'],
  ['labels', 'list'],
  ['riskScore', 'number'],
]);

export interface PathTerms {
  readonly path: string;
  readonly isPresence: boolean;
  readonly types: ArgumentTypes | undefined;
}

/** The type of what is at the path; anything where it is not known, or where there is a finding. */
export function checkPath(findings: Findings, segments: unknown, terms: PathTerms): ValueType {
  const { path, isPresence, types } = terms;
  if (!Array.isArray(segments) || !segments.every(isMemberName)) {
    const message = 'must be a list of names; other members are reached with `index`';
    findings.add('condition-unknown-name', `${path}.path`, message);
    return anything;
  }
  const [root = '', ...members] = segments;
  if (root === 'arguments') {
    return argumentType(types, members, { path, isPresence, step: memberOf });
  }
  if (root === 'session') return sessionType(findings, path, members);
  if (root === 'guardrails' && members.length < 2)
    return only(members.length === 0 ? 'map' : 'text');
  if (root === 'assetClasses' && members.length === 0) return only('list');
  if (!pathRoots.includes(root)) {
    const message = `\`${root}\` is not known; known are ${pathRoots.join(', ')}`;
    findings.add('condition-unknown-name', path, message);
    return anything;
  }
  if (members.length === 0) return only('text');
  findings.add('condition-unknown-name', path, `what \`${root}\` gives has no members`);
  return anything;
}

function sessionType(findings: Findings, path: string, members: readonly string[]): ValueType {
  const [name, ...more] = members;
  const type = sessionMembers.get(name);
  if (type !== undefined && more.length === 0) return only(type);
  const message =
    name === undefined
      ? 'is a map; write `session.id` for the session itself'
      : `\`session.${members.join('.')}\` is not known; known are ${[...sessionMembers.keys()].join(', ')}`;
  findings.add('condition-unknown-name', path, message);
  return anything;
}
