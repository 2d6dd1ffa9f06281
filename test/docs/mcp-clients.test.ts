/** What the page on clients shows goes through the gateway, and the versions that it names are those tried. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli } from '../cli/run-cli.ts';
import { codeBlocks, read, tableRows } from './documents.ts';

const page = 'docs/mcp-clients.md';

test('every file of a client over stdio goes through the gateway', async () => {
  const blocks = codeBlocks(page, 'json').filter((block) => block.includes('"command"'));
  expect(blocks).toHaveLength(3);
  for (const block of blocks) {
    const file = join(mkdtempSync(join(tmpdir(), 'acp-docs-')), 'client.json');
    writeFileSync(file, block);
    expect(await cli('mcp', 'doctor', file)).toMatchObject({ code: 0 });
  }
});

test('the versions of the SDKs are those that `npm run clients` installs', () => {
  const manifest = JSON.parse(read('test/e2e/clients/package.json')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const named = tableRows(page)
    .filter((row) => row.at(-1) === '`npm run clients`')
    .map(([client = '', version]) => [/`(.+)`/.exec(client)?.[1] ?? '', version]);
  expect(named).toHaveLength(4);
  for (const [name = '', version] of named) expect(manifest.dependencies[name]).toBe(version);
});
