/** Reference pages against the source: neither says what the other does not. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { faultCodes } from '../../src/engine/index.ts';
import { httpLimits, passingLimits, taskLimits } from '../../src/enforce/mcp/config/config.ts';
import { checkPolicy, limits, rejectionCodes } from '../../src/kernel/index.ts';
import { budgetScopeKinds, checkPlan } from '../../src/kernel/budget/plan.ts';
import { operators } from '../../src/kernel/policy/document.ts';
import { anchorOf, codeBlocks, codeWords, documents, headings } from './documents.ts';
import { prose, read, root, tableRows } from './documents.ts';

const sourceText = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
  .join('\n');

test('every code has its section, and every section a code', () => {
  const [, union = ''] = /type StorageErrorCode =([^;]*);/.exec(sourceText) ?? [];
  const storageCodes = [...union.matchAll(/'([a-z-]+)'/g)].map(([, code = '']) => code);
  expect(storageCodes).toContain('busy');
  const codes = [...Object.keys(rejectionCodes), ...Object.keys(faultCodes)];
  expect(headings('docs/codes.md', 3)).toEqual([...new Set([...codes, ...storageCodes])]);
});

test('every limit is listed with its value', () => {
  const listed = tableRows('docs/limits.md')
    .map(([name = '', value = '']) => [codeWords(name)[0] ?? '', Number(value.replaceAll(',', ''))])
    .filter(([name]) => name !== '');
  const all = { ...limits, ...httpLimits, ...taskLimits, ...passingLimits };
  expect(Object.fromEntries(listed)).toEqual(all);
  expect(listed.map(([name]) => name)).toEqual(Object.keys(all));
});

test('every dependency is listed, in its part of the page', () => {
  const given = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const parts = prose('docs/dependencies.md').split(/^## /m).slice(1);
  const listed = parts.map((part) =>
    [...part.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name).toSorted(),
  );
  const named = ['dependencies', 'peerDependencies', 'devDependencies'];
  expect(listed).toEqual(named.map((each) => Object.keys(given[each] ?? {}).toSorted()));
});

test('the policy of the page checks', () => {
  const [example = ''] = codeBlocks('docs/policy.md', 'json');
  const checked = checkPolicy(JSON.parse(example));
  expect('findings' in checked ? checked.findings : []).toEqual([]);
});

test('the budget plans of the page check, and show every kind of scope but the plainest', () => {
  const [example = ''] = codeBlocks('docs/budgets.md', 'json');
  const plans = JSON.parse(example) as readonly { readonly scope: { readonly kind: string } }[];
  const problems = plans.map((plan) => checkPlan(plan, 'acme')).filter((each) => 'problem' in each);
  expect(problems).toEqual([]);
  const shown = new Set(plans.map(({ scope }) => scope.kind));
  expect(budgetScopeKinds.filter((kind) => !shown.has(kind))).toEqual(['session']);
});

test('every operator is explained', () => {
  const rows = tableRows('docs/policy.md').filter((cells) => cells.length === 4);
  const explained = rows.flatMap(([first = '']) => codeWords(first));
  expect(explained.filter((word) => (operators as readonly string[]).includes(word))).toEqual([
    ...operators,
  ]);
});

test('every glossary term is in the source', () => {
  const terms = tableRows('GLOSSARY.md').flatMap(([term = '']) => codeWords(term));
  expect(terms.length).toBeGreaterThan(50);
  const known = (term: string): boolean => new RegExp(`\\b${term}\\b`).test(sourceText);
  expect(terms.filter((term) => !known(term))).toEqual([]);
});

test('every check that the style names exists', () => {
  const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => read(`test/${path}`))
    .join('\n');
  const steps = read('scripts/check.ts');
  const missing = tableRows('STYLE.md')
    .map(([, check = '']) => check)
    .filter((check) => /^(?:test|step): /.test(check))
    .filter((check) => {
      const name = check.slice('test: '.length);
      return check.startsWith('test')
        ? !tests.includes(`test('${name}'`)
        : !steps.includes(`name: '${name}'`);
    });
  expect(missing).toEqual([]);
});

test('paths in code font exist', () => {
  const missing = documents().flatMap((document) =>
    codeWords(prose(document))
      .filter((word) => /^(?:src|test|docs|examples)\/[\w./-]+$/.test(word))
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${document}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test('links lead to files and headings that exist', () => {
  const broken = documents().flatMap((document) =>
    linksOf(document).filter(({ target, anchor }) => !leadsSomewhere(target, anchor)),
  );
  expect(broken).toEqual([]);
});

interface Link {
  readonly document: string;
  readonly target: string;
  readonly anchor: string | undefined;
}

/** The links of a document within the repository. */
function linksOf(document: string): readonly Link[] {
  return [...prose(document).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !link.startsWith('https://'))
    .map((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? document : normalize(join(dirname(document), path));
      return { document, target, anchor };
    });
}

function leadsSomewhere(target: string, anchor: string | undefined): boolean {
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || headings(target).map(anchorOf).includes(anchor);
}

const manifest = JSON.parse(read('package.json')) as {
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};

/** Names of files and folders only, so that what is published can be told without packing it. */
function isPublished(path: string): boolean {
  return manifest.files.some((entry) => path === entry || path.startsWith(`${entry}/`));
}

test('links of published pages lead to what is published', () => {
  expect(manifest.files.filter((entry) => !/^[A-Za-z.]+$/.test(entry))).toEqual([]);
  const pages = documents().filter(isPublished);
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/codes.md', 'GLOSSARY.md']));
  const away = pages.flatMap(linksOf).filter(({ target }) => !isPublished(target));
  expect(away).toEqual([]);
});

test('what published examples import from the source, a program can import from the package', () => {
  const entries = Object.values(manifest.exports);
  const exported = new Set(entries.map((each) => (typeof each === 'string' ? each : each.default)));
  const examples = readdirSync(join(root, 'examples')).map((name) => read(`examples/${name}`));
  const imported = examples.flatMap((code) =>
    [...code.matchAll(/from '\.\.\/src\/(.*)\.ts'/g)].map(([, path = '']) => `./dist/${path}.js`),
  );
  expect(imported.length).toBeGreaterThan(examples.length);
  expect(imported.filter((path) => !exported.has(path))).toEqual([]);
});

test('every document has one first-level heading, and opens with it', () => {
  const wrong = documents().filter(
    (path) => headings(path, 1).length !== 1 || !read(path).startsWith('# '),
  );
  expect(wrong).toEqual([]);
});

test('every decision says its context, consequences and what was rejected', () => {
  const parts = ['Context', 'Decision', 'Consequences', 'Rejected'];
  const decisions = documents().filter((path) => path.startsWith('docs/decisions/'));
  expect(decisions.length).toBeGreaterThan(0);
  for (const path of decisions) {
    expect([path, ...headings(path, 2)]).toEqual([path, ...parts]);
    expect(read(path)).toMatch(/^\d{4}-\d{2}-\d{2} · (?:accepted|superseded by .+)$/m);
  }
});
