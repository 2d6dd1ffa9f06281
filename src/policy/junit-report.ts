/** Results of policy tests as JUnit XML, which build servers read. */
import type { PolicyCaseResult } from './test-cases.ts';

export interface PolicySuiteResult {
  readonly file: string;
  readonly results: readonly PolicyCaseResult[];
}

export function junitReport(suites: readonly PolicySuiteResult[]): string {
  const parts = suites.map(({ file, results }) => {
    const failures = results.filter(({ passed }) => !passed).length;
    const counts = `tests="${results.length}" failures="${failures}" errors="0" skipped="0"`;
    const cases = results.map((result) => testCase(file, result)).join('\n');
    return `  <testsuite name="${escaped(file)}" ${counts}>\n${cases}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${parts.join('\n')}\n</testsuites>\n`;
}

function testCase(file: string, { name, passed, differences }: PolicyCaseResult): string {
  const open = `    <testcase classname="${escaped(file)}" name="${escaped(name)}"`;
  if (passed) return `${open}/>`;
  const text = escaped(differences.join('; '));
  return `${open}>\n      <failure message="${text}">${text}</failure>\n    </testcase>`;
}

/** Characters that XML has no place for, even escaped, are written as `\\u…`. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    })
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
