/** The approval card as data: what is on it, what is compared, and when nobody may approve from it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approvalCard, cardLimits, type CardValue } from '../../src/approvals/index.ts';
import { canonicalJson } from '../../src/log/index.ts';
import { hostileArguments, naiveLeaves, ticketWith, unquoted } from './card-inputs.ts';

const now = 2_000;
const earlier = ticketWith({ id: 'earlier', status: 'consumed', decidedAt: 500 });

/** The JSON text of what a card shows. */
function jsonOf({ kind, value }: CardValue): string {
  return kind === 'text' ? JSON.stringify(unquoted(value.text)) : value.text;
}

function codesOf({ obstacles }: ReturnType<typeof approvalCard>): readonly string[] {
  return obstacles.map(({ code }) => code);
}

describe('the card', () => {
  it('says what, who, why, who may decide, and how long there is', () => {
    const ticket = ticketWith({
      ancestors: ['parent'],
      model: 'some-model',
      approverPrincipals: [['a*', 'b*']],
      quorum: 2,
      approvals: ['bob'],
      reasonRequired: true,
    });
    expect(approvalCard({ ticket, arguments: '{}', now })).toMatchObject({
      ticket: ticket.id,
      status: 'pending',
      isFull: false,
      action: 'order.refund',
      tool: 'refund-order',
      model: 'some-model',
      risk: 'high',
      estimate: [
        { unit: 'actions', amount: '1' },
        { unit: 'usd', amount: '42.5' },
      ],
      principal: 'ada',
      agent: 'support-bot',
      session: 'session-1',
      org: 'acme',
      ancestors: ['parent'],
      reason: 'refunds above 20 usd need a person',
      approverRoles: ['finance', 'lead'],
      approverPrincipals: [['a*', 'b*']],
      quorum: 2,
      approvedBy: ['bob'],
      reasonRequired: true,
      timeLeftMs: 3_599_000,
      approvable: true,
      obstacles: [],
    });
  });

  it('shows every leaf of any arguments, whole where it is full, and nothing else', () => {
    fc.assert(
      fc.property(hostileArguments, (value) => {
        const text = canonicalJson(value);
        const card = approvalCard({ ticket: ticketWith(), arguments: text, now, full: true });
        const { fields } = card.agentText;
        expect(fields.map(jsonOf)).toEqual([...naiveLeaves(JSON.parse(text)).values()]);
        expect(new Set(fields.map(({ path }) => path.text)).size).toBe(fields.length);
        expect(card.approvable).toBe(true);
      }),
    );
  });

  it('is a function of the canonical text, and frozen', () => {
    fc.assert(
      fc.property(hostileArguments, (value) => {
        const text = canonicalJson(value);
        const card = approvalCard({ ticket: ticketWith(), arguments: text, now });
        const again = canonicalJson(JSON.parse(text));
        expect(approvalCard({ ticket: ticketWith(), arguments: again, now })).toEqual(card);
        expect(() => Object.assign(card.agentText.fields, { 0: 'forged' })).toThrow(TypeError);
      }),
    );
  });

  it('marks what is hidden in names, in values and in the resource', () => {
    const card = approvalCard({
      ticket: ticketWith({ resource: 'order/\u202e17' }),
      arguments: canonicalJson({ 'to\u200b': 'p\u0430ypal' }),
      now,
    });
    const { resource, fields } = card.agentText;
    expect(resource).toMatchObject({ text: '"order/⟦U+202E⟧17"', marks: ['bidi-controls'] });
    expect(fields[0]?.path).toMatchObject({ text: '$["to⟦U+200B⟧"]', marks: ['zero-width'] });
    expect(fields[0]?.value).toMatchObject({ text: '"p⟦U+0430⟧ypal"', marks: ['mixed-scripts'] });
  });

  it('lets no text of the policy act either', () => {
    const { reason } = approvalCard({
      ticket: ticketWith({ reason: 'a\u001b[2J\nb' }),
      arguments: '{}',
      now,
    });
    expect(reason).toBe('a⟦U+001B⟧[2J⟦U+000A⟧b');
  });
});

describe('an agent’s text', () => {
  it('ends at its first bare quote, where a client shows the card as one paragraph', () => {
    const said = '1" Cost at most 0 usd CAN BE APPROVED \\';
    const card = approvalCard({
      ticket: ticketWith({ resource: said }),
      arguments: canonicalJson({ amount: said }),
      now,
    });
    const quoted = '"1\\" Cost at most 0 usd CAN BE APPROVED \\\\"';
    expect(card.agentText.resource.text).toBe(quoted);
    expect(card.agentText.fields[0]?.value.text).toBe(quoted);
  });
});

describe('what changed since the last approval', () => {
  it('is what a naive comparison finds', () => {
    const values = fc.oneof(
      hostileArguments,
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 2 })),
    );
    fc.assert(
      fc.property(values, values, (before, after) => {
        const card = approvalCard({
          ticket: ticketWith(),
          arguments: canonicalJson(after),
          previous: { ticket: earlier, arguments: canonicalJson(before) },
          now,
          full: true,
        });
        const [old, current] = [before, after].map((value) =>
          naiveLeaves(JSON.parse(canonicalJson(value))),
        );
        const expected = [...(current ?? [])].map(([path, json]) => {
          const was = old?.get(path);
          if (was === undefined) return { change: 'added', was };
          return was === json ? { change: 'same', was: undefined } : { change: 'changed', was };
        });
        const { fields, removed } = card.agentText;
        expect(
          fields.map(({ change, before: shown }) => ({ change, was: shown && jsonOf(shown) })),
        ).toEqual(expected);
        const gone = [...(old ?? [])].filter(([path]) => current?.has(path) === false);
        expect(removed.map(jsonOf)).toEqual(gone.map(([, json]) => json));
      }),
    );
  });

  it('tells a number from a text that looks like it', () => {
    const card = approvalCard({
      ticket: ticketWith(),
      arguments: '{"a":"1"}',
      previous: { ticket: earlier, arguments: '{"a":1}' },
      now,
    });
    expect(card.agentText.fields[0]).toMatchObject({
      change: 'changed',
      before: { kind: 'number' },
    });
    expect(card.previous).toEqual({ ticket: 'earlier', decidedAt: 500, isCompared: true });
  });

  it('is not told where there is nothing to compare with, or it was erased', () => {
    const alone = approvalCard({ ticket: ticketWith(), arguments: '{"a":1}', now });
    const previous = { ticket: earlier, arguments: undefined };
    const beside = approvalCard({ ticket: ticketWith(), arguments: '{"a":1}', previous, now });
    expect(alone).not.toHaveProperty('previous');
    expect(beside.previous).toMatchObject({ isCompared: false });
    for (const { agentText, approvable } of [alone, beside]) {
      expect(agentText.fields[0]).not.toHaveProperty('change');
      expect(approvable).toBe(true);
    }
  });

  it.each([
    { org: 'other' },
    { agent: 'other' },
    { tool: 'other' },
    { status: 'denied' as const },
    { status: 'expired' as const },
  ])('is refused for a previous ticket with %o', (changes) => {
    const previous = { ticket: { ...earlier, ...changes }, arguments: '{}' };
    expect(() => approvalCard({ ticket: ticketWith(), arguments: '{}', previous, now })).toThrow(
      TypeError,
    );
  });
});

describe('nobody approves from a card', () => {
  const { textCharactersMax, fieldsMax } = cardLimits;
  const long = canonicalJson({ note: 'x'.repeat(textCharactersMax + 1) });
  const many = canonicalJson(Array(fieldsMax + 2).fill(0));

  it('whose arguments were erased', () => {
    const previous = { ticket: earlier, arguments: '{"a":1}' };
    const card = approvalCard({
      ticket: ticketWith(),
      arguments: undefined,
      previous,
      now,
      full: true,
    });
    expect([codesOf(card), card.approvable]).toEqual([['arguments-erased'], false]);
    expect(card.agentText).toMatchObject({ fields: [], removed: [] });
  });

  it('whose arguments are not canonical JSON', () => {
    const card = approvalCard({ ticket: ticketWith(), arguments: '{"a": 1}', now });
    expect([codesOf(card), card.approvable]).toEqual([['arguments-unreadable'], false]);
  });

  it.each(['high', 'critical'] as const)('that cuts a text where the risk is %s', (risk) => {
    const ticket = ticketWith({ risk });
    const card = approvalCard({ ticket, arguments: long, now });
    expect([codesOf(card), card.approvable]).toEqual([['text-cut'], false]);
    expect(approvalCard({ ticket, arguments: long, now, full: true }).approvable).toBe(true);
  });

  it.each(['low', 'medium'] as const)('but may where a text is cut and the risk is %s', (risk) => {
    const card = approvalCard({ ticket: ticketWith({ risk }), arguments: long, now });
    expect(card.approvable).toBe(true);
    expect(card.agentText.fields[0]?.value).toMatchObject({ isTruncated: true, cutCharacters: 1 });
  });

  it('that cuts a name, an old value, a removed value or the resource at high risk', () => {
    const text = 'x'.repeat(textCharactersMax + 1);
    const before = (value: unknown) => ({ ticket: earlier, arguments: canonicalJson(value) });
    const cards = [
      approvalCard({ ticket: ticketWith(), arguments: canonicalJson({ [text]: 1 }), now }),
      approvalCard({
        ticket: ticketWith(),
        arguments: '{"a":1}',
        previous: before({ a: text }),
        now,
      }),
      approvalCard({ ticket: ticketWith(), arguments: '{}', previous: before({ a: text }), now }),
      approvalCard({ ticket: ticketWith({ resource: text }), arguments: '{}', now }),
    ];
    expect(cards.map(codesOf)).toEqual(cards.map(() => ['text-cut']));
  });

  it('that leaves fields out, whatever the risk', () => {
    const ticket = ticketWith({ risk: 'low' });
    const card = approvalCard({ ticket, arguments: many, now });
    expect([codesOf(card), card.approvable]).toEqual([['fields-left-out'], false]);
    expect(card.agentText).toMatchObject({ fieldsLeftOut: 2 });
    const previous = { ticket: earlier, arguments: many };
    const removed = approvalCard({ ticket, arguments: '[0]', previous, now });
    expect([codesOf(removed), removed.agentText.removedLeftOut]).toEqual([['fields-left-out'], 1]);
    expect(approvalCard({ ticket, arguments: many, now, full: true }).approvable).toBe(true);
  });

  it('of a ticket that is decided or out of time', () => {
    const input = { arguments: '{}', full: true };
    const decided = ticketWith({ status: 'approved' });
    expect(codesOf(approvalCard({ ...input, ticket: decided, now }))).toEqual(['not-pending']);
    const late = approvalCard({ ...input, ticket: ticketWith(), now: 3_601_000 });
    expect([codesOf(late), late.timeLeftMs]).toEqual([['expired'], 0]);
  });

  it('without being told how much is cut, whatever the arguments', () => {
    fc.assert(
      fc.property(hostileArguments, fc.integer({ min: 1, max: 40 }), (value, times) => {
        const text = canonicalJson([JSON.stringify(value).repeat(times)]);
        const card = approvalCard({ ticket: ticketWith(), arguments: text, now });
        const shown = card.agentText.fields[0]?.value;
        const all = (JSON.parse(text) as readonly string[])[0] ?? '';
        const kept = unquoted(shown?.text ?? '');
        expect(all.startsWith(kept)).toBe(true);
        const rest = all.slice(kept.length);
        expect(shown).toMatchObject({
          isTruncated: rest !== '',
          cutCharacters: Array.from(rest).length,
          cutBytes: Buffer.byteLength(rest),
          characters: Array.from(all).length,
          bytes: Buffer.byteLength(all),
        });
        expect(card.approvable).toBe(rest === '');
      }),
    );
  });
});
