import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPolicy, limits } from '../kernel/index.ts';
import { readYaml } from './yaml-text.ts';
import { findingLines, readPolicy, readPolicyText } from './index.ts';

const good = `# a policy
format: 1
version: 1
actions:
  order.read: { risk: low }
  order.refund:
    risk: high
tiers:
  autoApprove: [order.read]
  alwaysApprove: [order.refund]
rules:
  - id: refund-cap
    effect: deny
    match: { action: order.refund }
    when: { path: arguments.amount, moreThan: "500.00" }
`;

function found(text: string): readonly string[] {
  const read = readPolicyText(text, { file: 'p.yaml' });
  return 'findings' in read
    ? read.findings.map(({ code, line, column }) => `${code} ${line}:${column}`)
    : read.warnings.map(({ code, line, column }) => `warning ${code} ${line}:${column}`);
}

test('a YAML policy becomes the document that the kernel checks', () => {
  const read = readPolicyText(good, { file: 'p.yaml' });
  expect('document' in read && read.document).toMatchObject({
    format: 1,
    rules: [{ id: 'refund-cap', when: { path: 'arguments.amount', moreThan: '500.00' } }],
  });
  expect('positions' in read && read.positions.at('rules[0].when.moreThan')).toEqual({
    line: 15,
    column: 47,
  });
});

test('a JSON policy is read the same, and `$schema` is dropped', () => {
  const json = { $schema: './x.json', format: 1, version: 1, actions: { a: {} } };
  const tiers = { blocked: ['a'] };
  const text = JSON.stringify({ ...json, tiers });
  const read = readPolicyText(text, { file: 'p.json' });
  expect('document' in read && read.document).toEqual({
    format: 1,
    version: 1,
    actions: { a: {} },
    tiers,
  });
});

describe('what could be read in two ways is refused where it stands', () => {
  const edit = (from: string, to: string): string => good.replace(from, to);
  const rows: readonly (readonly [what: string, text: string, finding: string])[] = [
    ['a key twice', edit('version: 1', 'version: 1\nversion: 2'), 'duplicate-key 4:1'],
    ['an anchor', edit('{ risk: low }', '&a { risk: low }'), 'alias 5:18'],
    ['an anchor at a key', edit('risk: high', '&a risk: high'), 'alias 7:8'],
    ['a tag at a key', edit('risk: high', '!!str risk: high'), 'tag 7:11'],
    ['an alias', edit('{ risk: low }', '&a { risk: low }\n  x: *a'), 'alias 6:6'],
    ['a merge key', edit('risk: high', '<<: { risk: high }'), 'merge-key 7:5'],
    ['a tag', edit('"500.00"', '!!str 500'), 'tag 15:53'],
    ['an unknown tag', edit('"500.00"', '!money 500'), 'tag 15:47'],
    ['a second document', `${good}---\nformat: 1\n`, 'several-documents 16:1'],
    ['a key that is a number', edit('risk: high', '7: high'), 'key-not-text 7:5'],
    ['a key that is a list', edit('risk: high', '[a]: high'), 'key-not-text 7:5'],
    ['no number', edit('"500.00"', '.nan'), 'number-not-exact 15:47'],
    ['infinity', edit('"500.00"', '-.inf'), 'number-not-exact 15:47'],
    ['too many digits', edit('"500.00"', '0.10000000000000000001'), 'number-not-exact 15:47'],
    ['too large a number', edit('"500.00"', '9007199254740993'), 'number-not-exact 15:47'],
    ['an exponent', edit('"500.00"', '5e2'), 'number-not-exact 15:47'],
    ['hexadecimal', edit('"500.00"', '0x1f'), 'number-not-exact 15:47'],
    ['a number that some read as octal', edit('"500.00"', '0500'), 'number-not-exact 15:47'],
    ['another YAML', `%YAML 1.1\n---\n${good}`, 'text-syntax 1:1'],
    ['no YAML', edit('{ risk: low }', '{ risk: low'), 'text-syntax 6:3'],
    ['half of a character', edit('"500.00"', '"\\ud83d"'), 'wrong-type 15:47'],
    ['half of one in a key', edit('risk: high', '"\\udc00": high'), 'wrong-type 7:5'],
    ['nothing', '# nothing\n', 'text-syntax 1:1'],
    [
      'too many bytes in few characters',
      `${good}# ${'€'.repeat(limits.policyBytesMax / 2)}`,
      'text-too-large 1:1',
    ],
    ['endless brackets', '['.repeat(100_000), 'text-syntax 1:65'],
    ['endless lists', '- '.repeat(100_000), 'text-syntax 1:129'],
  ];
  test.each(rows)('%s', (_, text, finding) => {
    expect(found(text)).toContain(finding);
  });

  test('a number that is exact is read', () => {
    for (const number of [
      '500',
      '0.10',
      '-0.5',
      '0',
      '0.00',
      '-0.0',
      '10.00',
      '12.50',
      '9007199254740991',
    ]) {
      expect(found(edit('"500.00"', number))).toEqual([]);
    }
  });

  test('a key in quotes that looks like a merge is a key', () => {
    expect(found(edit('risk: high', '"<<": { risk: high }'))).toEqual(['unknown-member 7:5']);
  });

  test('a text of aliases that would grow without end is refused at once', () => {
    const rows9 = Array.from({ length: 30 }, (_, row) => {
      const before = row === 0 ? '[x]' : `[${`*a${row - 1},`.repeat(9)}]`;
      return `a${row}: &a${row} ${before}`;
    });
    expect(found(rows9.join('\n'))).toContain('alias 1:9');
  });

  test('a member named __proto__ is a member', () => {
    expect(found(`${good}__proto__: { polluted: true }\n`)).toEqual(['unknown-member 16:1']);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('findings of the kernel and of lint have their place', () => {
  const edit = (from: string, to: string): string => good.replace(from, to);
  test.each([
    ['unknown-member 14:5', edit('    match:', '    mtach:')],
    ['unknown-action 9:17', edit('[order.read]', '[order.raed]')],
    ['wrong-type 7:11', edit('risk: high', 'risk: enormous')],
    ['condition-unknown-name 15:19', edit('arguments.amount', 'argument.amount')],
    ['operand-invalid 15:47', edit('moreThan: "500.00"', 'moreThan: "a lot"')],
  ])('%s', (finding, text) => {
    expect(found(text)).toEqual([finding]);
  });

  test('a rule that is shadowed refuses the policy; a warning does not', () => {
    const shadowed = `${good}  - { id: let, effect: allow, match: { action: order.read } }
  - { id: stop, effect: deny, match: { action: "order.re*" } }
`;
    expect(found(shadowed)).toContain('shadowed-by-deny 16:5');
    const idle = edit('tiers:', 'tiers:\n  blocked: [order.read]');
    expect(found(idle)).toEqual(['warning tier-overridden 10:17']);
  });

  test('a finding is printed with its place, a fix and its page', () => {
    const read = readPolicyText(edit('risk: high', 'rsk: high'), { file: 'p.yaml' });
    const [finding] = 'findings' in read ? read.findings : [];
    expect(finding && findingLines(finding)).toEqual([
      expect.stringMatching(
        /^p\.yaml:7:5 unknown-member `actions\.order\.refund\.rsk` is not known/,
      ),
      '  fix: correct the spelling, or remove the member',
      '  see: docs/policy-findings.md#unknown-member',
    ]);
  });
});

describe('a finding about characters of a CEL text has the place of those characters', () => {
  const span = { offset: 10, length: 6 };
  const finding = { code: 'expression-syntax', message: 'm', severity: 'error', span } as const;
  const place = (when: string, path = 'rules[0].when'): string => {
    const text = `rules:\n  - when: ${when}\n`;
    const read = readYaml(text, { file: 'p' });
    if ('findings' in read) return 'refused';
    const { line, column } = read.positions.locate({ ...finding, path });
    return `${line}:${column}`;
  };
  test.each([
    ['plain', 'arguments.amount > 5', '2:21'],
    ['in quotes', '"arguments.amount > 5"', '2:22'],
    ['in a tree', '{ cel: "arguments.amount > 5" }', '2:29'],
    [
      'in quotes with escapes, where only the start is known',
      String.raw`"\u0061rguments.amount"`,
      '2:11',
    ],
    ['in a block, where only the start is known', '|\n      arguments.amount > 5', '2:11'],
  ])('%s', (_, when, expected) => {
    expect(place(when)).toBe(expected);
  });
});

test('a plain object is read without places', () => {
  const read = readPolicy({ format: 1, version: 1, actions: { a: {} }, extra: 1 });
  expect('findings' in read && read.findings.map(({ code }) => code)).toEqual(['unknown-member']);
});

test('whatever the text is, it is read or refused, and never thrown', () => {
  const words = [
    'a',
    ': ',
    '\n',
    '- ',
    '  ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&x ',
    '*x',
    '!',
    '%',
    '---',
    '?',
    '|',
    '#',
    '<<',
    '1e9',
    '~',
  ];
  const text = fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((list) => list.join(''));
  fc.assert(
    fc.property(text, (written) => {
      const read = readPolicyText(written, { file: 'p' });
      const isChecked = 'document' in read && 'document' in checkPolicy(read.document);
      const places = 'findings' in read ? read.findings : [];
      expect(isChecked || places.length > 0).toBe(true);
      expect(places.every(({ line, column }) => line > 0 && column > 0)).toBe(true);
    }),
  );
});
