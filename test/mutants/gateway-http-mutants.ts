/** Mutants of the gateway over HTTP: who is let in, and what a request may be. */
import type { Mutant } from './mutant.ts';

const gateway = (file: string) => `src/enforce/mcp/${file}.ts`;
const httpAttacks = ['test/attack/mcp-http.test.ts'];
const limitAttacks = ['test/attack/mcp-http-limits.test.ts'];
const replayTests = ['test/mcp/http-replay.test.ts'];

export const gatewayHttpMutants: readonly Mutant[] = [
  {
    name: 'http-origin-not-checked',
    guards: 'A page of another origin is refused.',
    file: gateway('http-doorway'),
    find: 'if (origins.length > 1 || origins.some((origin) => !this.#origins.has(origin))) {',
    replace: 'if (origins.length > 1) {',
    tests: httpAttacks,
  },
  {
    name: 'http-host-not-checked',
    guards: 'A name that was made to lead here is refused.',
    file: gateway('http-doorway'),
    find: 'if (hosts.length !== 1 || !this.#hosts.has(name)) {',
    replace: "if (hosts.length !== 1 || name === '') {",
    tests: httpAttacks,
  },
  {
    name: 'http-bearer-not-required',
    guards: 'Whoever does not say who they are is nobody.',
    file: gateway('http-callers'),
    find: 'if (given.length !== 1 || token === undefined) {',
    replace: `if (token === undefined) return callerOf(identity.assert(this.#config.principal));
    if (given.length !== 1) {`,
    tests: httpAttacks,
  },
  {
    name: 'http-refused-token-is-the-configured',
    guards: 'A token that is refused is nobody’s.',
    file: gateway('http-callers'),
    find: "return unauthorized('the bearer token was refused'",
    replace: `if (token.length > 0) return callerOf(identity.assert(this.#config.principal));
    return unauthorized('the bearer token was refused'`,
    tests: httpAttacks,
  },
  {
    name: 'http-session-of-somebody-else',
    guards: 'A session is its own caller’s.',
    file: gateway('http-streams'),
    find: 'if (client === undefined || client.hold.identity !== caller.identity) {',
    replace: 'if (client === undefined) {',
    tests: httpAttacks,
  },
  {
    name: 'http-session-of-all-principals',
    guards: 'What one principal has behind the gateway is no other’s.',
    file: gateway('http-rounds'),
    find: 'const key = `${caller.identity} ${JSON.stringify(capabilities)}`;',
    replace: 'const key = JSON.stringify(capabilities);',
    tests: ['test/mcp/http.test.ts'],
  },
  {
    name: 'http-body-without-end',
    guards: 'A body above its size is not read.',
    file: gateway('http-endpoint'),
    find: 'const bytes = await bodyOf(request, this.#terms.requestBytesMax);',
    replace: 'const bytes = await bodyOf(request, Number.MAX_SAFE_INTEGER);',
    tests: httpAttacks,
  },
  {
    name: 'http-body-without-length',
    guards: 'A body that does not say its size is counted as it comes.',
    file: gateway('http-exchange'),
    find: 'if (bytes > bytesMax) return undefined;',
    replace: 'if (bytes < 0) return undefined;',
    tests: httpAttacks,
  },
  {
    name: 'http-header-beside-the-argument',
    guards: 'A header that says something else than the arguments is refused.',
    file: gateway('http-rounds'),
    find: 'return this.#session.catalogue.get(name)?.raw.inputSchema;',
    replace: "return name === '' ? this.#session.catalogue.get(name)?.raw.inputSchema : undefined;",
    tests: httpAttacks,
  },
  {
    name: 'http-id-used-twice',
    guards: 'An id that is running is not used again.',
    file: gateway('session-transport'),
    find: 'if (this.#running.has(id)) {',
    replace: "if (id === '') {",
    tests: httpAttacks,
  },
  {
    name: 'http-slow-requests-stay',
    guards: 'A request that does not end is ended.',
    file: gateway('http-endpoint'),
    find: 'requestTimeout: limits.requestMs,',
    replace: 'requestTimeout: 3_600_000,',
    tests: limitAttacks,
  },
  {
    name: 'http-connections-without-end',
    guards: 'There are no more connections than the limit says.',
    file: gateway('http-endpoint'),
    find: 'server.maxConnections = limits.connectionsMax;',
    replace: '',
    tests: limitAttacks,
  },
  {
    name: 'http-replay-of-every-stream',
    guards: 'A resumed stream has what it had, and nothing of another.',
    file: gateway('http-replay'),
    find: 'if (event.stream === last.stream && isSomething(event.message)) {',
    replace: 'if (isSomething(event.message)) {',
    tests: replayTests,
  },
  {
    name: 'http-replay-with-gaps',
    guards: 'An event is only known with all that came after it.',
    file: gateway('http-replay'),
    find: 'this.forgetUntil(oldest);',
    replace: 'if (oldest.bytes < 100) this.forgetUntil(oldest); else this.#events.delete(id);',
    tests: replayTests,
  },
];
