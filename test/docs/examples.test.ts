/** Examples run as a reader runs them: each as a process of its own, which fails where it does not hold. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { codeBlocks, read, root } from './documents.ts';

const run = promisify(execFile);
const examples = readdirSync(join(root, 'examples')).filter((path) => path.endsWith('.ts'));

test('every example runs and finds what it says', async () => {
  expect(examples.length).toBeGreaterThan(2);
  const outputs = await Promise.all(
    examples.map((path) => run(process.execPath, [join(root, 'examples', path)])),
  );
  const lines = outputs.map(({ stdout }) => stdout.trimEnd().split('\n').length);
  expect(lines).toEqual(examples.map(() => 1));
});

test('the README’s quick start is a region of its example', () => {
  const example = read('examples/quick-start.ts');
  const [, region = ''] = /^\/\/ region quick-start\n([^]*?)^\/\/ endregion$/m.exec(example) ?? [];
  const [block = ''] = codeBlocks('README.md', 'ts');
  const [importLine = ''] = block.split('\n');
  expect(block).toBe(`${importLine}\n${region}`);
  // The import is the only line that differs: the repository is not its own dependency.
  expect(example).toContain(importLine.replace("'agent-control-plane'", "'../src/index.ts'"));
  expect(block.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

test.each(['tools', 'chat'])('the code of docs/tools.md is region %s of its example', (name) => {
  const example = read('examples/chat-approval.ts');
  const region = new RegExp(`^// region ${name}\\n([^]*?)^// endregion$`, 'm').exec(example)?.[1];
  expect(codeBlocks('docs/tools.md', 'ts')).toContain(region);
});

test('the README’s commands exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const [commands = ''] = codeBlocks('README.md', '');
  expect(commands).toContain('npm install && npm run demo');
  expect(commands).toContain('npm install && npm test');
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test', 'check', 'bench']));
});
