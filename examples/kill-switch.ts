/**
 * The kill switch: engaged while a tool runs. The tool's signal fires, nothing in scope starts, also after a
 * restart, until somebody with the role releases it.
 *
 * Run it with `node examples/kill-switch.ts`. It throws where anything is not as told.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ControlPlane, guard, openControlPlane, sqlite } from '../src/index.ts';
import type { KillScope, ToolContext } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'kill-switch-'));
const file = join(folder, 'control-plane.db');

const crawlTool = {
  name: 'crawl',
  action: 'web.read',
  resource: 'site/{site}',
  // A tool that listens to its signal stops; one that does not runs on, and nothing follows it.
  execute: async ({ minutes }: { site: string; minutes: number }, { signal }: ToolContext) => {
    await sleep(minutes * 60_000, undefined, { signal });
    return 'crawled';
  },
};
const policy = {
  format: 1,
  version: 1,
  actions: { 'web.read': {} },
  tiers: { unrestricted: ['web.read'] },
};
const scope: KillScope = { kind: 'agent', org: 'acme', name: 'crawler' };

function open(): Promise<ControlPlane> {
  return openControlPlane({
    storage: sqlite(file),
    policy,
    agents: ['crawler', 'mailer'],
    tools: [crawlTool],
  });
}

function principals(controlPlane: ControlPlane) {
  const { identity } = controlPlane;
  return {
    service: identity.assert({ id: 'service:research', org: 'acme', roles: ['agent'] }),
    operator: identity.assert({ id: 'user:olga', org: 'acme', roles: ['operator'] }),
  };
}

let controlPlane = await open();
let { service, operator } = principals(controlPlane);
const session = await controlPlane.openSession({ principal: service, agent: 'crawler' });
const crawl = guard(session, crawlTool);

// A tool runs for ten minutes, as far as it knows.
const running = crawl({ site: 'example.org', minutes: 10 }).then(
  () => 'finished',
  (failure: unknown) => failure,
);
await sleep(50);
await controlPlane.kill({ scope, by: operator, reason: 'it follows links in circles' });
const stopped = await running;
assert.ok(stopped instanceof Error);
assert.equal(stopped.name, 'AbortError');
assert.ok(controlPlane.killed(scope));

// Nothing in scope starts: not in this session, not in a new one, not after a restart.
await assert.rejects(crawl({ site: 'example.org', minutes: 0 }), { code: 'killed' });
await assert.rejects(controlPlane.openSession({ principal: service, agent: 'crawler' }), {
  code: 'killed',
});
await controlPlane.close();
controlPlane = await open();
({ service, operator } = principals(controlPlane));
assert.ok(controlPlane.killed(scope));
const again = guard(await controlPlane.attachSession(service, session.id), crawlTool);
await assert.rejects(again({ site: 'example.org', minutes: 0 }), { code: 'killed' });

// What is not in scope goes on.
const mailer = await controlPlane.openSession({ principal: service, agent: 'mailer' });
assert.equal(await guard(mailer, crawlTool)({ site: 'example.org', minutes: 0 }), 'crawled');

// The release takes the same role and a reason; then new calls run again.
await assert.rejects(controlPlane.release({ scope, by: service, reason: 'please' }), {
  code: 'permission-denied',
});
await controlPlane.release({ scope, by: operator, reason: 'the crawler has a depth limit now' });
assert.equal(await again({ site: 'example.org', minutes: 0 }), 'crawled');

// Nobody knows how far the stopped call came, and that is what the log says.
const outcomes: string[] = [];
for await (const { data } of controlPlane.events({ types: ['permit-settled'] })) {
  if ('outcome' in data) outcomes.push(data.outcome);
}
assert.deepEqual(outcomes, ['unknown', 'succeeded', 'succeeded']);
await controlPlane.close();
rmSync(folder, { recursive: true });
console.log(`engaged, held across a restart, released; outcomes: ${outcomes.join(', ')}`);
