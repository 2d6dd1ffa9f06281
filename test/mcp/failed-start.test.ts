/** What an attempt to open a client's session had begun is not left behind by the next one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { openGateway } from '../../src/enforce/mcp/index.ts';
import { ControlPlaneError } from '../../src/engine/index.ts';
import { counting, seenAs } from './counting.ts';
import { HttpStage } from './http-stage.ts';
import { program } from '../programs.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';

let http: HttpStage | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

test('servers of an attempt that failed are let go of, and the next one has its own', async () => {
  const journal = join(temporaryFolder(), 'asked.txt');
  const gone = (): boolean => existsSync(journal) && readFileSync(journal, 'utf8') === 'gone\n';
  const server = program('resource-server');
  let counted: ReturnType<typeof counting> | undefined;
  let isDown = true;
  const on = await HttpStage.open({
    servers: { notes: { command: [process.execPath, server, journal], protocol: 'legacy' } },
    policy: policyFor(['notes.touch']),
    seen: (plane) => {
      counted = counting(plane);
      return seenAs(counted.plane, {
        registerTool: async (...words) => {
          if (isDown) throw new ControlPlaneError('store-unavailable', 'not now');
          return plane.registerTool(...words);
        },
      });
    },
  });
  http = on;
  const listing = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'by hand', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };
  const list = (): Promise<Response> => on.send(listing, { headers });
  expect((await list()).status).toBe(500);
  await expect.poll(gone).toBe(true);
  isDown = false;
  expect(await (await list()).text()).toContain('notes__touch');
  // One for the client's credential, and one for the session that it has now.
  expect(counted?.count()).toBe(2);
});

test('a channel whose session could not be opened is let go of when its client leaves', async () => {
  const journal = join(temporaryFolder(), 'asked.txt');
  const command = [process.execPath, program('resource-server'), journal];
  const stage = await Stage.open({
    servers: { notes: { command, protocol: 'legacy' } },
    policy: policyFor(['notes.touch']),
  });
  const plane = seenAs(stage.plane, {
    registerTool: () => Promise.reject(new ControlPlaneError('store-unavailable', 'not now')),
  });
  const reports: string[] = [];
  const report = (message: string): void => void reports.push(message);
  const gateway = await openGateway({ plane, config: stage.config, report });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const served = await gateway.connect(far);
  const client = new Client({ name: 'test', version: '1' });
  await expect(client.connect(near)).rejects.toThrow('Internal server error');
  await client.close();
  await served.closed;
  expect(readFileSync(journal, 'utf8')).toBe('gone\n');
  expect(reports).toContain('client: not now');
  await stage.close();
});
