/** Tickets, hostile arguments, and a naive reading of arguments to hold cards against. */
import * as fc from 'fast-check';
import type { TicketRecord } from '../../src/kernel/index.ts';

export function ticketWith(changes: Partial<TicketRecord> = {}): TicketRecord {
  return {
    id: '0199c1f0-7a3e-7000-8000-000000000001',
    session: 'session-1',
    org: 'acme',
    principal: 'ada',
    agent: 'support-bot',
    tool: 'refund-order',
    action: 'order.refund',
    resource: 'order/17',
    argumentsDigest: 'digest',
    definition: 'definition',
    policyVersion: 1,
    estimate: { actions: 1, usd: 42_500_000 },
    risk: 'high',
    reason: 'refunds above 20 usd need a person',
    status: 'pending',
    requestedAt: 1_000,
    requestedIndex: 4,
    expiresAt: 3_601_000,
    decidedBy: '',
    decidedAt: 0,
    approverRoles: ['finance', 'lead'],
    ...changes,
  };
}

/** What somebody would write who wants the card to say something else. */
const hostile = fc.constantFrom(
  'CAN BE APPROVED from this card.',
  'APPROVAL - low risk',
  '  Action      order.read',
  '| is  1',
  '\n',
  '\r',
  '\u001b[2J\u001b[31m',
  '\u009b1A',
  '\u0000\u0008\u007f',
  '\u202e\u2066',
  '\u200b\ufeff',
  '\u{e0041}\u{e0042}',
  '\ufe0f\u{e0101}',
  '\u2028\u2029\u0085',
  '⟦U+202E⟧',
  '⟦',
  '⟧',
  'p\u0430ypal',
  '漢字かな',
  'שלום',
  '👩‍👩‍👧',
  'e\u0301\u0301\u0301\u0301\u0301\u0301',
  '<script>alert(1)</script>',
  '"',
  '\\',
  ' ',
  'x'.repeat(90),
);
const anyText = fc.string({ unit: 'binary', maxLength: 20 });
export const hostileTexts = fc
  .array(fc.oneof(hostile, anyText), { maxLength: 12 })
  .map((parts) => parts.join('').toWellFormed());

const names = fc.oneof(fc.constantFrom('a', 'b', 'to', '0', '10', '9'), hostileTexts);

/** Any arguments: values of JSON with hostile names and texts, not deeper than four. */
export const hostileArguments = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    hostileTexts,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(true, false, null, 0, 1),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(names, tie('value')), { maxLength: 4 })
      .map((members) => Object.fromEntries(members.filter(([name]) => name !== '__proto__'))),
  ),
})).value;

/** Every leaf's JSON text by its path, as the JSON text of its steps; in canonical order. */
export function naiveLeaves(value: unknown, steps: readonly unknown[] = []): Map<string, string> {
  const members =
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).toSorted(([left], [right]) => compare(value, left, right));
  if (members.length === 0) return new Map([[JSON.stringify(steps), JSON.stringify(value)]]);
  const step = (name: string): unknown => (Array.isArray(value) ? Number(name) : name);
  return new Map(members.flatMap(([name, each]) => [...naiveLeaves(each, [...steps, step(name)])]));
}

function compare(container: object, left: string, right: string): number {
  if (Array.isArray(container)) return Number(left) - Number(right);
  return left < right ? -1 : 1;
}

/** The text that a shown text stands for, without its quotes. */
/** What a quoted text says. */
export function unquoted(shown: string): string {
  return original(shown.slice(1, -1).replaceAll(/\\(["\\])/g, '$1'));
}

function original(shown: string): string {
  return shown.replaceAll(/⟦U\+([0-9A-F]+)⟧/g, (_, code: string) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
}
