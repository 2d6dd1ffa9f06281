/** The page for operators: every command line on it is one, with options that its help knows. */
import { expect, test } from 'vitest';
import { cli } from '../cli/run-cli.ts';
import { codeBlocks } from './documents.ts';

const lines = codeBlocks('docs/operators.md', 'sh').flatMap((block) => block.trim().split('\n'));

test('every command that acts is shown', () => {
  const shown = new Set(lines.map((line) => line.split(' ').slice(1, 3).join(' ')));
  expect([...shown].toSorted()).toEqual([
    'agents list',
    'agents reinstate',
    'agents revoke',
    'agents suspend',
    'grants list',
    'grants revoke',
    'keys issue',
    'keys list',
    'keys revoke',
    'kill engage',
    'kill list',
    'kill release',
    'sessions abort',
    'sessions list',
    'sessions pause',
    'sessions resume',
    'sessions show',
    'tickets approve',
    'tickets cancel',
    'tickets deny',
    'tickets list',
    'tickets show',
  ]);
});

test.each(lines)('%s', async (line) => {
  const [program, group = '', verb = ''] = line.split(' ');
  const { code, stdout } = await cli(group, verb, '--help');
  expect([program, code]).toEqual(['agent-control-plane', 0]);
  const known = new Set(stdout.match(/--[a-z-]+/g));
  const used = line.match(/--[a-z-]+/g) ?? [];
  expect(used.filter((option) => !known.has(option))).toEqual([]);
});
