/** The documents of the repository, as the tests of this folder read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Paths of all Markdown files of the root, `docs` and `test/vectors`. */
export function documents(): readonly string[] {
  const below = (folder: string): readonly string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
      (path) => `${folder}/${path}`,
    );
  return [...readdirSync(root), ...below('docs'), ...below('test/vectors')]
    .filter((path) => path.endsWith('.md'))
    .toSorted();
}

/** A document without its code blocks. */
export function prose(path: string): string {
  return read(path).replaceAll(/^```[^]*?^```$/gm, '');
}

/** Headings of one level, or of all. */
export function headings(path: string, level?: number): readonly string[] {
  const marks = level === undefined ? '#{1,6}' : `#{${level}}`;
  const pattern = new RegExp(`^${marks} (.+)$`, 'gm');
  return [...prose(path).matchAll(pattern)].map(([, text = '']) => text);
}

/** The anchor that a heading gets: lower case, spaces as hyphens, marks dropped. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** Code blocks of one language; those of the empty one say none. */
export function codeBlocks(path: string, language: string): readonly string[] {
  const blocks = read(path).matchAll(/^```(.*)\n([^]*?)^```$/gm);
  return [...blocks].filter(([, said]) => said === language).map(([, , code = '']) => code);
}

/** Rows of all tables, as the cells between the bars. */
export function tableRows(path: string): readonly (readonly string[])[] {
  return prose(path)
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Everything in code font. */
export function codeWords(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}
