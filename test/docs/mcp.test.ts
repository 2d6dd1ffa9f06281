/** What the page on the gateway shows works as it stands there. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { readPolicyText } from '../../src/policy/index.ts';
import { readYaml } from '../../src/policy/yaml-text.ts';
import { cli } from '../cli/run-cli.ts';
import { codeBlocks, read, tableRows } from './documents.ts';

const page = 'docs/mcp.md';

function yaml(title: string): string {
  const found = codeBlocks(page, 'yaml').find((block) => block.startsWith(`# ${title}`));
  if (found === undefined) throw new Error(`the page shows no ${title}`);
  return found;
}

function valueOf(text: string): unknown {
  const result = readYaml(text, { file: page });
  if ('findings' in result) throw new Error(JSON.stringify(result.findings));
  return result.value;
}

test('the policy of the page checks', () => {
  const policy = readPolicyText(yaml('policy.yaml'), { file: page });
  expect(policy).toHaveProperty('document');
});

test('the configuration of the page is one', () => {
  const environment = { ISSUES_AUTHORIZATION: 'Bearer x' };
  const { config, policy } = readGatewayFile(valueOf(yaml('gateway.yaml')), environment);
  expect(config.servers.map(({ name }) => name)).toEqual(['files', 'issues']);
  expect(policy).toBe('policy.yaml');
});

test('what the page says of approvals is a part of a configuration', () => {
  const approvals = codeBlocks(page, 'yaml').find((block) => block.startsWith('approvals:')) ?? '';
  const file = { ...(valueOf(yaml('gateway.yaml')) as object), ...(valueOf(approvals) as object) };
  const { config } = readGatewayFile(file, { ISSUES_AUTHORIZATION: 'x' });
  expect(config.approvals).toMatchObject({ atClient: { id: 'user:olga' }, waitMs: 30_000 });
});

test('what the page says of the issuers of tokens is a part of a configuration', () => {
  const part = codeBlocks(page, 'yaml').find((block) => block.includes('authenticators:')) ?? '';
  const file = { ...(valueOf(yaml('gateway.yaml')) as object), ...(valueOf(part) as object) };
  const { config, authenticators } = readGatewayFile(file, { ISSUES_AUTHORIZATION: 'x' });
  expect(authenticators.map(({ name }) => name)).toEqual(config.http?.authentication);
});

test('the client’s configuration of the page goes through the gateway', async () => {
  const [block = ''] = codeBlocks(page, 'json');
  const file = join(mkdtempSync(join(tmpdir(), 'acp-docs-')), '.mcp.json');
  writeFileSync(file, block);
  expect((await cli('mcp', 'doctor', file)).code).toBe(0);
});

test('every code of the gateway’s own is explained', () => {
  const files = ['call/call', 'call/refusal', 'client/serve-call', 'call/shown-result'];
  const source = files.map((file) => read(`src/enforce/mcp/${file}.ts`)).join('\n');
  const own = [...source.matchAll(/code: '([a-z-]+)'/g)].map(([, code = '']) => code);
  const explained = tableRows(page).map(([first = '']) => first.replaceAll('`', ''));
  for (const code of new Set(own)) {
    if (code === 'tool-unknown' || code === 'internal-error') continue;
    expect(explained).toContain(code);
  }
});
