/** Mutants of the quarantine of tools, and of the gateway in front of MCP servers. */
import type { Mutant } from './mutant.ts';

const gateway = (file: string) => `src/enforce/mcp/${file}.ts`;
const quarantineTests = [
  'test/engine/tool-quarantine.test.ts',
  'test/kernel/quarantine.prop.test.ts',
];
const approvalTests = ['test/mcp/approvals.test.ts'];
const toolAttacks = ['test/attack/mcp-tools.test.ts'];
const serverAttacks = ['test/attack/mcp-servers.test.ts'];

export const gatewayMutants: readonly Mutant[] = [
  {
    name: 'quarantine-decides-nothing',
    guards: 'Nothing of a tool in quarantine runs.',
    file: 'src/kernel/decision/authorize-steps.ts',
    find: 'if (tool.quarantine !== undefined) {',
    replace: 'if (tool.name === "") {',
    tests: quarantineTests,
  },
  {
    name: 'quarantine-approved-as-it-was',
    guards: 'An approval is for exactly the definition that was looked at.',
    file: 'src/kernel/tool/quarantine.ts',
    find: '.find((each) => each.definition === definition)',
    replace: '.find(() => definition !== "")',
    tests: quarantineTests,
  },
  {
    name: 'quarantine-left-by-changing-back',
    guards: 'A tool that changed back stays in quarantine.',
    file: 'src/kernel/tool/apply-tool.ts',
    find: "if (event.type !== 'tool-quarantined') {",
    replace: "if (event.type !== 'tool-quarantined' || definition === known?.definition) {",
    tests: quarantineTests,
  },
  {
    name: 'foreign-part-not-pinned',
    guards: 'Whatever a server says of a tool is a part of its hash.',
    file: 'src/engine/tools/tool.ts',
    find: '...(foreign === undefined ? {} : { foreign }),',
    replace: '',
    tests: quarantineTests,
  },
  {
    name: 'listed-though-quarantined',
    guards: 'A list shows no tool that waits.',
    file: 'src/kernel/tool/access.ts',
    find: 'if (tool.quarantine !== undefined) return quarantineRefusal(tool);',
    replace: '',
    tests: quarantineTests,
  },
  {
    name: 'task-runs-on-after-its-call',
    guards: 'A task that nobody waits for any more is cancelled at its server.',
    file: gateway('upstream-task'),
    find: 'void cancelled(upstream, taskId);',
    replace: 'if (taskId === "") void cancelled(upstream, taskId);',
    tests: ['test/mcp/tasks.test.ts'],
  },
  {
    name: 'tasks-outlive-their-client',
    guards: 'A client that goes away leaves no task running.',
    file: gateway('client-tasks'),
    find: "task.stop.abort(new Error('the client went away'));",
    replace: 'this.#running.delete(task);',
    tests: ['test/mcp/tasks.test.ts'],
  },
  {
    name: 'task-of-what-runs-as-none',
    guards: 'A tool that does not support tasks is not called as one.',
    file: gateway('serve-call'),
    find: "if (execution?.taskSupport === undefined || execution.taskSupport === 'forbidden') {",
    replace: "if (execution?.taskSupport === 'forbidden') {",
    tests: ['test/mcp/tasks.test.ts'],
  },
  {
    name: 'change-registered-in-passing',
    guards: 'What changed is quarantined, whatever the configuration says.',
    file: gateway('catalogue'),
    find: "if (known === undefined && server.firstSight === 'accept' && signals.length === 0) {",
    replace: "if (server.firstSight === 'accept' && signals.length === 0) {",
    tests: toolAttacks,
  },
  {
    name: 'instructions-accepted',
    guards: 'A definition that looks like instructions waits for somebody.',
    file: gateway('catalogue'),
    find: "if (known === undefined && server.firstSight === 'accept' && signals.length === 0) {",
    replace: "if (known === undefined && server.firstSight === 'accept') {",
    tests: toolAttacks,
  },
  {
    name: 'shadow-offered',
    guards: 'A name that a server lists twice is not offered.',
    file: gateway('catalogue'),
    find: 'if ((times.get(name) ?? 0) < 2) return undefined;',
    replace: 'if (times.size > 0) return undefined;',
    tests: toolAttacks,
  },
  {
    name: 'no-answer-is-failure',
    guards: 'A call without an answer is recorded as unknown.',
    file: gateway('call-tool'),
    find: "return failure instanceof ProtocolError ? 'failed' : 'unknown';",
    replace: "return 'failed';",
    tests: serverAttacks,
  },
  {
    name: 'large-result-passed-on',
    guards: 'A result above its size is not passed on.',
    file: gateway('shown-result'),
    find: 'if (bytes <= bytesMax) return undefined;',
    replace: 'if (bytes >= 0) return undefined;',
    tests: serverAttacks,
  },
  {
    name: 'pinned-program-not-checked',
    guards: 'A program that is not the pinned one is not started.',
    file: gateway('upstream-transport'),
    find: "if (digest.digest('hex') === sha256) return path;",
    replace: "if (digest.digest('hex') !== '') return path;",
    tests: serverAttacks,
  },
  {
    name: 'answer-without-its-ticket',
    guards: 'An answer decides only the ticket that its state was made for.',
    file: gateway('serve-call'),
    find: 'if (atClient !== undefined && state?.ticket === ticket && answer !== undefined) {',
    replace: 'if (atClient !== undefined && answer !== undefined) {',
    tests: approvalTests,
  },
  {
    name: 'cancel-approves',
    guards: 'An answer that says nothing clear leaves the ticket pending.',
    file: gateway('client-approval'),
    find: "if (decision !== 'approve' && !isRefused) return false;",
    replace: '',
    tests: approvalTests,
  },
];
