/** A gateway's configuration is read as it is written, or refused with the path of what is wrong. */
import { expect, test } from 'vitest';
import { configLimits } from '../../src/enforce/mcp/config/config.ts';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';

const server = { command: ['node', 'server.js'] };
const whole = {
  format: 1,
  principal: { id: 'user:ada', org: 'acme' },
  agent: 'bot',
  servers: { files: server },
};

function serversOf(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, each) => [`s-${each}`, server]));
}

function problemOf(value: unknown): string {
  try {
    readGatewayFile(value, { SET: 'a secret' });
  } catch (failure) {
    return (failure as Error).message;
  }
  return '';
}

test('what is left out has its default', () => {
  const { config } = readGatewayFile(whole, {});
  expect(config).toMatchObject({
    isPrefixed: true,
    principal: { id: 'user:ada', org: 'acme', roles: ['agent'], teams: [] },
    agent: { name: 'bot' },
    session: { key: undefined, budget: undefined },
    approvals: { atClient: undefined, waitMs: 0 },
    results: { hiddenCharacters: 'mark' },
  });
  expect(config.servers[0]).toMatchObject({ era: 'auto', firstSight: 'quarantine' });
});

test('there may be as many servers as the limit says', () => {
  const file = { ...whole, servers: serversOf(configLimits.serversMax) };
  expect(readGatewayFile(file, {}).config.servers).toHaveLength(32);
});

test('a credential comes from a variable of the gateway, or is refused where that is not set', () => {
  const withVariable = (from: string) => ({
    ...whole,
    servers: { web: { url: 'https://example.com/mcp', headers: { authorization: { from } } } },
  });
  const { config } = readGatewayFile(withVariable('SET'), { SET: 'a secret' });
  expect(config.servers[0]?.target).toMatchObject({ headers: { authorization: 'a secret' } });
  for (const environment of [{}, { UNSET: '' }]) {
    const read = () => readGatewayFile(withVariable('UNSET'), environment);
    expect(read).toThrow('servers.web.headers.authorization');
  }
});

test.each<readonly [string, object]>([
  ['format', { format: 2 }],
  ['surprise', { surprise: true }],
  ['servers.files.comand', { servers: { files: { ...server, comand: [] } } }],
  ['servers.files', { servers: { files: {} } }],
  ['servers.files', { servers: { files: { ...server, url: 'https://example.com' } } }],
  ['servers.Files', { servers: { Files: server } }],
  ['servers.a__b', { servers: { a__b: server } }],
  ['servers.__proto__', { servers: JSON.parse('{"__proto__":{"command":["x"]}}') as object }],
  ['servers.files.command', { servers: { files: { command: 'node server.js' } } }],
  ['servers.files.command[0]', { servers: { files: { command: ['node server.js'] } } }],
  ['servers.files.sha256', { servers: { files: { ...server, sha256: 'abc' } } }],
  ['servers.files.callTimeoutMs', { servers: { files: { ...server, callTimeoutMs: 1 } } }],
  ['servers.files.protocol', { servers: { files: { ...server, protocol: '2025' } } }],
  ['servers.files.env.A=B', { servers: { files: { ...server, env: { 'A=B': 'x' } } } }],
  ['servers.files.env.', { servers: { files: { ...server, env: { '': 'x' } } } }],
  ['servers.web.url', { servers: { web: { url: 'ftp://example.com' } } }],
  ['servers.web.url', { servers: { web: { url: 'https://ada:secret@example.com' } } }],
  [
    'servers.files.tools.x.action',
    { servers: { files: { ...server, tools: { x: { action: 'a b' } } } } },
  ],
  [
    'servers.files.tools.x.resource',
    { servers: { files: { ...server, tools: { x: { resource: '{' } } } } },
  ],
  ['servers', { servers: {} }],
  ['servers', { servers: serversOf(33) }],
  ['prefix', { prefix: false, servers: { a: server, b: server } }],
  ['http.session', { session: { key: 'k' }, http: { port: 0, session: 'connection' } }],
  ['session.budget', { session: { budget: { usd: 5 } } }],
  ['session.budget.usd', { session: { key: 'k', budget: { usd: true } } }],
  ['session.budget.usd', { session: { key: 'k', budget: { usd: '-1' } } }],
  ['session.budget.us d', { session: { key: 'k', budget: { 'us d': '1' } } }],
  ['session.key', { session: { key: 'my key' } }],
  ['session.key', { session: { key: 'k'.repeat(244) } }],
  ['principal.id', { principal: { id: '', org: 'acme' } }],
  ['principal.roles[0]', { principal: { id: 'a', org: 'acme', roles: [''] } }],
  ['approvals.atClient.id', { approvals: { atClient: { id: 'user:ada', org: 'acme' } } }],
  ['results.hiddenCharacters', { results: { hiddenCharacters: 'drop' } }],
  ['waits.listMs', { waits: { listMs: 0 } }],
  ['agent', { agent: 'a b' }],
])('`%s` is told where it is wrong', (path, more) => {
  expect(problemOf({ ...whole, ...more })).toContain(`\`${path}\``);
});

test.each<readonly [string, Readonly<Record<string, string>>, string]>([
  ['has a name that no header can have', { 'x key': 'a secret' }, 'x key'],
  ['has a value of two lines', { authorization: 'a\nsecret' }, 'authorization'],
  ['has a value that no header can have', { authorization: 'a secret \u20ac' }, 'authorization'],
  ['is there twice', { Authorization: 'a', authorization: 'a secret' }, 'authorization'],
])('a header that %s is refused before it is sent, and is not shown', (_, headers, name) => {
  const web = { url: 'https://example.com/mcp', headers };
  const problem = problemOf({ ...whole, servers: { web } });
  expect(problem).toContain(`\`servers.web.headers.${name}\``);
  expect(problem).not.toContain('secret');
});

test('what is no object at all is refused', () => {
  expect(problemOf([])).toContain('must be an object');
  expect(problemOf(null)).toContain('must be an object');
});
