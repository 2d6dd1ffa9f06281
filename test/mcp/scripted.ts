/** The scripted server's part of a configuration, and what most scripts begin with. */
import { program } from '../programs.ts';
import type { Script } from './scripted-server.ts';

const server = program('scripted-server');

export function scripted(script: Script, more: object = {}): object {
  const command = [process.execPath, server, JSON.stringify(script)];
  return { command, protocol: 'legacy', ...more };
}

export function toolOf(name: string, more: object = {}): object {
  return { name, inputSchema: { type: 'object', properties: {} }, ...more };
}

/** Lists its tools so, each time, and answers each call with a text. */
export function offering(...tools: readonly object[]): Script {
  return {
    'tools/list': [{ result: JSON.stringify({ tools }) }],
    'tools/call': [{ result: JSON.stringify({ content: [{ type: 'text', text: 'done' }] }) }],
  };
}
