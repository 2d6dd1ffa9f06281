/**
 * A process that spends from a budget of its org until there is nothing left, or it is killed. Arguments: the place
 * of the log, label. Every other call is one of a model, and each costs 0.0002 USD. Prints a line from inside each call, and
 * `done` when it has been refused.
 */
import { callModel, ControlPlaneError, guard, openControlPlane } from '../../src/index.ts';
import { storeAt } from './place.ts';

const [place = '', label = ''] = process.argv.slice(2);
const plane = await openControlPlane({ storage: storeAt(place) });
const principal = plane.identity.assert({ id: `service:${label}`, org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'bot' });
async function run(): Promise<void> {
  process.stdout.write(`ran ${label}\n`);
  await new Promise((resolve) => void setTimeout(resolve, 20));
}

const pay = guard(session, {
  name: 'pay',
  action: 'order.pay',
  estimate: { usd: '0.0002' },
  execute: run,
});
const usage = { inputTokens: 100, outputTokens: 50 };
const ask = () =>
  callModel(session, { model: 'small', maxInputTokens: 100, maxOutputTokens: 50 }, async () => {
    await run();
    return { result: '', usage };
  });

for (let calls = 0; ; calls += 1) {
  try {
    await (calls % 2 === 0 ? ask() : pay({}));
  } catch (failure) {
    if (!ControlPlaneError.is(failure) || failure.code !== 'budget-exceeded') throw failure;
    break;
  }
}
process.stdout.write('done\n');
await plane.close();
