/** Programs that tests start in processes of their own, and where each is once it is bundled for the run. */
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');
/**
 * Made for each run, and gone with the next build. As deep below the root as the command line's sources: from
 * there it finds what version it is.
 */
export const bundled = join(root, 'dist/programs');

export const programs = {
  cli: 'src/cli/main.ts',
  racer: 'test/crash/racer.ts',
  spender: 'test/crash/spender.ts',
  stepper: 'test/postgres/stepper.ts',
  teller: 'test/notify/teller.ts',
  'window-spender': 'test/attack/window-spender.ts',
  witness: 'test/postgres/witness.ts',
  writer: 'test/crash/writer.ts',
} as const;

/** Servers that tests put behind the gateway; the packages that they are made with are bundled, too. */
export const servers = {
  'asked-server': 'test/mcp/asked-server.ts',
  'conformance-server': 'test/mcp/conformance-server.ts',
  'extension-server': 'test/mcp/extension-server.ts',
  'log-server': 'test/mcp/log-server.ts',
  'lying-server': 'test/mcp/lying-server.ts',
  'modern-server': 'test/mcp/modern-server.ts',
  'relay-server': 'test/mcp/relay-server.ts',
  'resource-server': 'test/mcp/resource-server.ts',
  'scripted-server': 'test/mcp/scripted-server.ts',
  'task-server': 'test/mcp/task-server.ts',
} as const;

export function program(name: keyof typeof programs | keyof typeof servers): string {
  return join(bundled, `${name}.js`);
}
