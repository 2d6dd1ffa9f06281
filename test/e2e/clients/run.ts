/**
 * Runs clients that others wrote against the gateway, over stdio and over HTTP: `npm run clients`. Each lists
 * the tools, and calls one that the policy does not let run. What it gives a model to read has to say so.
 *
 * Not a part of `npm test`: the clients take 300 MB and two minutes.
 */
import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { installed } from '../../mcp/installed.ts';
import { realServer } from '../../mcp/real-servers.ts';
import { Stage, temporaryFolder } from '../../mcp/stage.ts';

const main = resolve(import.meta.dirname, '../../../src/cli/main.ts');
const modules = join(import.meta.dirname, 'node_modules');
const timeoutMs = 120_000;

const clients = {
  'ai-sdk': '@ai-sdk/mcp',
  'openai-agents': '@openai/agents-core',
  langchain: '@langchain/mcp-adapters',
  mastra: '@mastra/mcp',
};

const policy = {
  format: 1,
  version: 1,
  actions: { 'mcp.read_text_file': {}, 'mcp.list_directory': {}, 'mcp.write_file': {} },
  tiers: {
    autoApprove: ['mcp.read_text_file', 'mcp.list_directory'],
    alwaysApprove: ['mcp.write_file'],
  },
};

const folder = temporaryFolder();
const work = join(folder, 'work');
const written = join(work, 'written.txt');
const call = { path: written, content: 'not before somebody approved it' };
mkdirSync(work);
writeFileSync(join(folder, 'policy.json'), JSON.stringify(policy));
const server = realServer('filesystem', work);

const http = await Stage.open({
  policy,
  servers: { mcp: { command: server } },
  file: { prefix: false, http: { port: 0, authentication: ['api-key'] } },
});
const { key } = await http.plane.keys.issue({
  principal: 'user:ada',
  org: 'acme',
  roles: ['agent'],
});
const endpoint = await http.gateway.listen();
const ways = {
  stdio: {
    command: process.execPath,
    args: [main, 'mcp', '--policy', join(folder, 'policy.json'), '--', ...server],
  },
  http: { url: endpoint.url.href, headers: { authorization: `Bearer ${key}` } },
};

try {
  for (const [name, package_] of Object.entries(clients)) {
    const manifest = installed(import.meta.dirname, join(modules, package_, 'package.json'));
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    for (const [way, reached] of Object.entries(ways)) {
      const { tools, text } = await told(name, reached);
      assert.deepEqual(tools, ['list_directory', 'read_text_file', 'write_file']);
      assert.match(text, /approval-required/);
      assert.match(text, /is pending/);
      assert.equal(existsSync(written), false);
      console.log(`${package_} ${version} over ${way}: lists the tools, reads the refusal`);
    }
  }
} finally {
  await endpoint.close();
  await http.close();
}

async function told(
  name: string,
  reached: object,
): Promise<{ readonly tools: readonly string[]; readonly text: string }> {
  const program = join(import.meta.dirname, `${name}.mjs`);
  const words = [program, JSON.stringify(reached), JSON.stringify(call)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: timeoutMs });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Awaited<ReturnType<typeof told>>;
}
