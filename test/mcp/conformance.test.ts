/**
 * The official conformance suite, in front of the gateway and in front of the same server without it: the same
 * result. docs/mcp-conformance.md says how that is measured, and what the suite does not ask.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { program } from '../programs.ts';
import { conformancePackage } from './conformance-packages.ts';
import { conformanceTools } from './conformance-server.ts';
import { policyFor, Stage } from './stage.ts';

const suite = conformancePackage('conformance', 'dist', 'index.js');
const server = program('conformance-server');

type Outcomes = Readonly<Record<string, string>>;

/** The status of each check, by scenario and check. */
async function outcomesAt(url: string): Promise<Outcomes> {
  const results = mkdtempSync(join(tmpdir(), 'acp-conformance-'));
  const words = [suite, 'server', '--url', url, '--suite', 'all', '-o', results];
  // A check that fails is no failure of the program here.
  await promisify(execFile)(process.execPath, words, { cwd: results }).catch(() => {});
  const outcomes: Record<string, string> = {};
  for (const name of readdirSync(results)) {
    const scenario = name.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
    const checks = JSON.parse(readFileSync(join(results, name, 'checks.json'), 'utf8')) as {
      readonly id: string;
      readonly status: string;
    }[];
    for (const { id, status } of checks) outcomes[`${scenario}: ${id}`] = status;
  }
  return outcomes;
}

async function withoutGateway(): Promise<Outcomes> {
  const child = spawn(process.execPath, [server, '--http'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return await outcomesAt(`http://127.0.0.1:${String(port).trim()}/mcp`);
  } finally {
    child.kill();
  }
}

async function throughGateway(): Promise<Outcomes> {
  const stage = await Stage.open({
    servers: { all: { command: [process.execPath, server, '--stdio'], protocol: 'legacy' } },
    file: { prefix: false, http: { port: 0 } },
    policy: policyFor(conformanceTools.map((name) => `all.${name}`)),
  });
  const endpoint = await stage.gateway.listen();
  try {
    return await outcomesAt(endpoint.url.href);
  } finally {
    await endpoint.close();
    await stage.close();
  }
}

test('the conformance suite says the same with and without the gateway', async () => {
  const direct = await withoutGateway();
  const through = await throughGateway();
  expect(Object.keys(direct).length).toBeGreaterThan(30);
  expect(through).toEqual(direct);
}, 300_000);
