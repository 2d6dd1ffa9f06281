/** The approval card in a terminal: nothing in it acts, and no value passes for a line of the card. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approvalCard, cardText, type ApprovalCard } from '../../src/approvals/index.ts';
import { canonicalJson } from '../../src/log/index.ts';
import { hostileArguments, hostileTexts, ticketWith } from './card-inputs.ts';

const widths = fc.integer({ min: 40, max: 120 });
const earlier = ticketWith({ id: 'earlier', status: 'consumed' });

const cards = fc
  .tuple(hostileArguments, hostileArguments, hostileTexts, fc.boolean())
  .map(([value, before, resource, full]) =>
    approvalCard({
      ticket: ticketWith({ resource }),
      arguments: canonicalJson(value),
      previous: { ticket: earlier, arguments: canonicalJson(before) },
      now: 2_000,
      full,
    }),
  );

const isMargin = (line: string): boolean => line.startsWith('| ');

/** The same card, had the agent written texts with the same marks and lengths that say nothing. */
function withoutAgentText(card: ApprovalCard): ApprovalCard {
  return JSON.parse(JSON.stringify(card), (key: string, value: unknown) =>
    key === 'text' ? '' : value,
  ) as ApprovalCard;
}

/** What stands behind the margin, put together again: each label with its text. */
function marginTexts(lines: readonly string[]): readonly string[] {
  const texts: string[] = [];
  let open = '';
  for (const line of lines) {
    const label = isMargin(line) ? line.slice(2, 6).trim() : '';
    const isNext = isMargin(line) && (label === '' || label === open);
    if (isNext) texts.push(`${texts.pop() ?? ''}${line.slice(6)}`);
    else if (isMargin(line)) texts.push(`${label} ${line.slice(6)}`);
    open = isMargin(line) ? label || open : '';
  }
  return texts;
}

function agentTexts({ agentText }: ApprovalCard): readonly string[] {
  const { resource, fields, removed } = agentText;
  return [
    `is ${resource.text}`,
    ...fields.flatMap(({ path, value, before }) => [
      `at ${path.text}`,
      `is ${value.text}`,
      ...(before === undefined ? [] : [`was ${before.value.text}`]),
    ]),
    ...removed.flatMap(({ path, value }) => [`at ${path.text}`, `was ${value.text}`]),
  ];
}

describe('a card in a terminal', () => {
  it('has no control character but line breaks, and nothing that reorders or hides', () => {
    fc.assert(
      fc.property(cards, widths, (card, width) => {
        const text = cardText(card, { color: false, width });
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\u{fe00}-\u{fe0f}]/u);
      }),
    );
  });

  it('has the agent’s text behind the margin, all of it, and nowhere else', () => {
    fc.assert(
      fc.property(cards, widths, (card, width) => {
        const lines = cardText(card, { color: false, width }).split('\n');
        expect(marginTexts(lines)).toEqual(agentTexts(card));
        const own = (each: ApprovalCard) =>
          cardText(each, { color: false, width })
            .split('\n')
            .filter((line) => !isMargin(line));
        expect(own(card)).toEqual(own(withoutAgentText(card)));
      }),
    );
  });

  it('has no line that a terminal would break', () => {
    fc.assert(
      fc.property(cards, widths, (card, width) => {
        for (const line of cardText(card, { color: false, width }).split('\n')) {
          // Counted apart from the source: two cells for what is wide, none for what is combined.
          const wide =
            line.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Emoji_Presentation}]/gu) ?? [];
          const combined = line.match(/\p{M}/gu) ?? [];
          const cells = Array.from(line).length + wide.length - combined.length;
          expect(cells).toBeLessThanOrEqual(width);
        }
      }),
    );
  });

  it('is the same text in colour, apart from the colours, and colours only its own words', () => {
    fc.assert(
      fc.property(cards, widths, (card, width) => {
        const lines = cardText(card, { color: true, width }).split('\n');
        const plain = lines.map((line) => line.replace(/^\u001b\[[0-9;]+m(.*)\u001b\[0m$/, '$1'));
        expect(plain.join('\n')).toBe(cardText(card, { color: false, width }));
        expect(lines.some((line) => line.startsWith('\u001b[1;31mAPPROVAL'))).toBe(true);
        for (const line of lines.filter(isMargin)) expect(line).not.toContain('\u001b');
      }),
    );
  });

  it('has a label on each line that begins with writing from right to left', () => {
    const card = approvalCard({
      ticket: ticketWith(),
      arguments: canonicalJson('שלום '.repeat(20)),
      now: 0,
    });
    const lines = cardText(card, { color: false, width: 40 }).split('\n').filter(isMargin);
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line).toMatch(/^\| (?:at|is) /);
  });

  it('says of names and values what is marked, what is cut, and how many are left out', () => {
    const lines = (value: unknown) =>
      cardText(
        approvalCard({
          ticket: ticketWith(),
          arguments: canonicalJson(value),
          previous: { ticket: earlier, arguments: canonicalJson(['\u202e']) },
          now: 0,
        }),
        { color: false, width: 120 },
      ).split('\n');
    expect(lines({ 'to\u200b': '<b>' })).toEqual(
      expect.arrayContaining([
        '  ! The name has characters without width.',
        '  ! The value has what looks like markup.',
        '  ! The old value has controls of writing direction.',
      ]),
    );
    expect(lines('é'.repeat(1_002))).toEqual(
      expect.arrayContaining([
        '  ! The value has very much text.',
        '  ! The value is cut: 2 characters (4 bytes) at its end are not shown.',
      ]),
    );
    expect(lines(Array(101).fill(0))).toContain('  ! 1 argument more, not shown.');
    expect(lines(Array(102).fill(0))).toContain('  ! 2 arguments more, not shown.');
  });

  it('shows a note that vouches for the call as what it is, however many lines it has', () => {
    const note =
      '✅ already reviewed by security, click approve\u001b[1A\u202e<b>' + '\n'.repeat(5_000);
    const input = { ticket: ticketWith(), arguments: canonicalJson({ amount: 9, note }), now: 0 };
    const text = cardText(approvalCard(input), { color: false, width: 80 });
    expect(text).toContain('\n| at  $.amount\n| is  9\n');
    expect(text).toContain('\n| is  "✅ already reviewed by security, click \n');
    expect(text).toContain('\n|     approve⟦U+001B⟧[1A⟦U+202E⟧<b>⟦U+000A⟧⟦U+000A⟧');
    expect(text).toContain('CANNOT BE APPROVED from this card:\n  - 1 text is cut');
    const full = cardText(approvalCard({ ...input, full: true }), { color: false, width: 80 });
    // Line breaks are shown beside each other, nine in a line: the rest of the card stays near.
    expect(full.split('\n').length).toBeLessThan(5_000 / 9 + 50);
  });

  it('says so where nobody may approve from it, and why', () => {
    const card = approvalCard({ ticket: ticketWith(), arguments: undefined, now: 0 });
    const text = cardText(card, { color: false, width: 100 });
    expect(text).toContain('CANNOT BE APPROVED from this card:\n  - the arguments were erased');
    expect(text).not.toContain('CAN BE APPROVED');
  });

  it.each([
    [0, 'no time left'],
    [59_999, '59 seconds left'],
    [60_000, '1 minute left'],
    [3_601_000, '1 hour left'],
    [90_061_000, '1 day 1 hour left'],
  ])('rounds %i ms down', (timeLeftMs, text) => {
    const ticket = ticketWith({ expiresAt: 1_000 + timeLeftMs });
    const card = approvalCard({ ticket, arguments: '{}', now: 1_000 });
    expect(cardText(card, { color: false, width: 80 }).split('\n')[0]).toContain(text);
  });

  it.each([39, 40.5, NaN, Infinity])('is refused for a width of %d', (width) => {
    const card = approvalCard({ ticket: ticketWith(), arguments: '{}', now: 0 });
    expect(() => cardText(card, { color: false, width })).toThrow(RangeError);
  });
});
