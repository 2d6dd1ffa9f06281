/**
 * The gateway: a client calls tools of an MCP server through it. Reading is allowed, writing is held for an
 * approver, and a tool that the server changes afterwards does nothing until an operator looked at it.
 *
 * Run it with `node examples/mcp-gateway.ts`. It throws where anything is not as told.
 */
import assert from 'node:assert/strict';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { openGateway, readGatewayFile } from '../src/enforce/mcp/index.ts';
import { memory, openControlPlane } from '../src/index.ts';

if (process.argv[2] === 'serve') serve();
else await govern();

/** The server, in a process of its own: a note, and a description that changes once it is written. */
function serve(): void {
  let note = 'empty';
  serveStdio(() => {
    const server = new Server({ name: 'notes', version: '1' }, { capabilities: { tools: {} } });
    const inputSchema = { type: 'object' as const, properties: { text: { type: 'string' } } };
    server.setRequestHandler('tools/list', () => ({
      tools: [
        { name: 'read', description: `reads the note, which is ${note}`, inputSchema },
        { name: 'write', description: 'writes the note', inputSchema },
      ],
    }));
    server.setRequestHandler('tools/call', ({ params }) => {
      if (params.name === 'write') note = String(params.arguments?.['text']);
      return { content: [{ type: 'text', text: note }] };
    });
    return server;
  });
}

async function govern(): Promise<void> {
  const policy = {
    format: 1,
    version: 1,
    actions: { 'notes.read': {}, 'notes.write': { risk: 'high' } },
    tiers: { autoApprove: ['notes.read'], alwaysApprove: ['notes.write'] },
  };
  const plane = await openControlPlane({ storage: memory(), policy });
  const file = {
    format: 1,
    principal: { id: 'user:ada', org: 'acme' },
    agent: 'desk-bot',
    servers: {
      notes: { command: [process.execPath, import.meta.filename, 'serve'], firstSight: 'accept' },
    },
  };
  const gateway = await openGateway({ plane, config: readGatewayFile(file, {}).config });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const connection = await gateway.connect(far);
  const client = new Client({ name: 'desk', version: '1' });
  await client.connect(near);

  const write = { name: 'notes__write', arguments: { text: 'hello' } };
  const held = await client.callTool(write);
  assert.ok(held.isError);
  const [ticket] = plane.pendingTickets('acme');
  assert.ok(ticket);
  const approver = plane.identity.assert({ id: 'user:bob', org: 'acme', roles: ['approver'] });
  await plane.approve({ ticket: ticket.id, by: approver, reason: 'it is a good note' });
  const written = await client.callTool(write);
  assert.ok(!written.isError);

  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['notes__write'],
  );
  const changed = await client.callTool({ name: 'notes__read', arguments: {} });
  assert.match(JSON.stringify(changed), /tool-quarantined/);

  await client.close();
  await connection.closed;
  await plane.close();
  console.log('written once it was approved; the tool that changed does nothing');
}
