/** The process that an errand runs in; `errand.ts` starts it and says how the two talk. */
import { once } from 'node:events';
import { ErrandError, type Message, type Run } from './errand.ts';

const [module = '', input = 'null'] = process.argv.slice(2);

function say(message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, {}, (error) => (error === null ? resolve() : reject(error)));
  });
}

// Whoever waits for the answer may be killed; without it there is nobody to work for.
const stop = (): never => process.exit(1);
process.once('disconnect', stop);

function describe(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  return failure instanceof ErrandError ? failure.message : (failure.stack ?? failure.message);
}

try {
  const { run } = (await import(module)) as { readonly run: Run };
  const go = once(process, 'message');
  await say({ kind: 'ready' });
  await go;
  await say({ kind: 'done', output: await run(JSON.parse(input) as never) });
} catch (failure) {
  await say({ kind: 'failed', message: describe(failure) });
  process.exitCode = 1;
}
process.off('disconnect', stop);
process.disconnect();
