/** What a provider billed, beside what the log recorded. */
import { expect, test } from 'vitest';
import { callModel } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { ann, lastOf, openModels } from '../enforce/models.ts';
import { codeOf } from './shop.ts';

const day = '2026-01-01';

async function open() {
  const plane = await openModels({ clock: new FakeClock(Date.UTC(2026, 0, 1, 12)) });
  const call = async (org: string, inputTokens: number) => {
    const session = await plane.openSession({ principal: ann(plane, { org }), agent: 'bot' });
    const usage = { inputTokens, outputTokens: 0 };
    const asked = { model: 'small', maxInputTokens: 1_000, maxOutputTokens: 1 };
    return codeOf(callModel(session, asked, () => Promise.resolve({ result: '', usage })));
  };
  await call('acme', 700);
  await call('globex', 300);
  return { plane, call };
}

test('a bill is held against what was recorded, by day and model, whatever name it uses', async () => {
  const { plane } = await open();
  const rows = [
    { day, model: 'cloud/small', usd: '0.0006' },
    { day, model: 'small-2026-01-01', usd: '0.0002' },
    { day, model: 'large', usd: '1' },
    { day: '2026-01-02', model: 'small', usd: '0.5' },
  ];
  const drifts = await plane.reconcile({ org: 'acme', source: 'bill/1', rows });
  expect(drifts).toEqual([
    { day, model: 'large', billed: '1', recorded: '0', drift: '1', stopped: false },
    { day, model: 'small', billed: '0.0008', recorded: '0.0007', drift: '0.0001', stopped: false },
    {
      day: '2026-01-02',
      model: 'small',
      billed: '0.5',
      recorded: '0',
      drift: '0.5',
      stopped: false,
    },
  ]);
  const { rows: kept, stopped } = await lastOf(plane, 'usage-reconciled');
  expect([(kept as unknown[]).length, stopped]).toEqual([3, []]);
  await plane.close();
});

test('what was recorded and not billed is told as well', async () => {
  const { plane } = await open();
  const drifts = await plane.reconcile({
    org: '*',
    source: 'bill',
    rows: [{ day, model: 'large', usd: 0 }],
  });
  expect(drifts[1]).toMatchObject({
    model: 'small',
    billed: '0',
    recorded: '0.001',
    drift: '-0.001',
  });
  await plane.close();
});

test('a model that was billed too far above what was recorded is stopped, for that org', async () => {
  const { plane, call } = await open();
  const bill = (usd: string) => ({
    org: 'acme',
    source: 'bill',
    rows: [{ day, model: 'small', usd }],
    freezeAbovePercent: 10,
  });
  expect((await plane.reconcile(bill('0.00077')))[0]?.stopped).toBe(false);
  expect(await call('acme', 1)).toBe('resolved');
  expect((await plane.reconcile(bill('0.00078')))[0]?.stopped).toBe(true);
  expect([await call('acme', 1), await call('globex', 1)]).toEqual(['killed', 'resolved']);
  await plane.close();
});

test('a bill over all orgs stops the model for all of them', async () => {
  const { plane, call } = await open();
  const rows = [{ day, model: 'small', usd: '9' }];
  await plane.reconcile({ org: '*', source: 'bill', rows, freezeAbovePercent: 0 });
  expect([await call('acme', 1), await call('globex', 1)]).toEqual(['killed', 'killed']);
  await plane.close();
});

test('only an admin reconciles, the own org, and nothing that does not check', async () => {
  const { plane } = await open();
  const rows = [{ day, model: 'small', usd: '1' }];
  const admin = plane.identity.assert({ id: 'user:root', org: 'acme', roles: ['admin'] });
  const wrong = (more: object) =>
    codeOf(plane.reconcile({ org: 'acme', source: 'bill', rows, by: admin, ...more }));
  expect(await wrong({})).toBe('resolved');
  expect(await wrong({ by: ann(plane) })).toBe('permission-denied');
  expect(await wrong({ org: 'globex' })).toBe('permission-denied');
  expect(await wrong({ org: '*' })).toBe('permission-denied');
  expect(await wrong({ source: 'a b' })).toBe('reconciliation-invalid');
  const twoInOne = [{ day: `${day} large`, model: 'small', usd: 1 }];
  expect(await wrong({ rows: twoInOne })).toBe('reconciliation-invalid');
  expect(await wrong({ rows: [] })).toBe('reconciliation-invalid');
  expect(await wrong({ freezeAbovePercent: 0.5 })).toBe('reconciliation-invalid');
  expect(await wrong({ rows: [{ day: '2026-02-30', model: 'small', usd: 1 }] })).toBe(
    'reconciliation-invalid',
  );
  expect(await wrong({ rows: [{ day, model: 'small', usd: -1 }] })).toBe('input-invalid');
  await plane.close();
});

test('of days that lie between those of a bill, and are not billed, nothing is told', async () => {
  const { plane } = await open();
  const rows = [
    { day: '2025-12-31', model: 'large', usd: 0 },
    { day: '2026-01-02', model: 'large', usd: 0 },
  ];
  const drifts = await plane.reconcile({ org: 'acme', source: 'bill', rows });
  expect(drifts.map((drift) => [drift.day, drift.model])).toEqual(
    rows.map((row) => [row.day, row.model]),
  );
  await plane.close();
});

test.each([
  ['of one org', ['acme', 'acme']],
  ['of all orgs', ['acme', 'globex']],
])(
  'what was recorded %s beyond all that can be counted is not nothing, and stops no model',
  async (_, orgs) => {
    const models = {
      small: { prices: [{ input: '9000000000', output: '0', inputTokensMax: 1_000_000 }] },
    };
    const prices = { format: 1, version: 2, currency: 'USD', models };
    const plane = await openModels({ clock: new FakeClock(Date.UTC(2026, 0, 1, 12)), prices });
    for (const org of orgs) {
      const session = await plane.openSession({ principal: ann(plane, { org }), agent: 'bot' });
      const usage = { inputTokens: 1_000_000, outputTokens: 0 };
      const asked = { model: 'small', maxInputTokens: 1_000_000, maxOutputTokens: 1 };
      await callModel(session, asked, () => Promise.resolve({ result: '', usage }));
    }
    const rows = [{ day, model: 'small', usd: '9000000000' }];
    const [drift] = await plane.reconcile({
      org: '*',
      source: 'bill',
      rows,
      freezeAbovePercent: 0,
    });
    expect(drift).toMatchObject({ recorded: '9007199254.740991', stopped: false });
    await plane.close();
  },
);

test('a day before there was any log is held against nothing', async () => {
  const { plane } = await open();
  const rows = [{ day: '1960-01-01', model: 'small', usd: '1' }];
  const [drift] = await plane.reconcile({ org: 'acme', source: 'bill', rows });
  expect(drift).toMatchObject({ day: '1960-01-01', recorded: '0', drift: '1' });
  await plane.close();
});
