/** Reads a file of tool declarations, YAML or JSON: what tools there are, and what their arguments can be. */
import { Findings } from '../kernel/index.ts';
import { type PositionedFinding, withFix } from './policy-finding.ts';
import { assertOptions } from './reading-options.ts';
import { type DeclaredTool, toolsOf } from './tool-declarations.ts';
import { readYaml } from './yaml-text.ts';

/** A list of declarations. `file` is only shown. */
export function readDeclaredTools(
  text: string,
  options: { readonly file: string },
):
  | { readonly tools: readonly DeclaredTool[] }
  | { readonly findings: readonly PositionedFinding[] } {
  assertOptions('readDeclaredTools', options, ['file']);
  const yaml = readYaml(text, options);
  if ('findings' in yaml) return yaml;
  const findings = new Findings();
  const tools = toolsOf(yaml.value, findings);
  if (findings.list.length === 0) return { tools };
  return {
    findings: findings.list.map((finding) =>
      yaml.positions.locate(withFix({ ...finding, severity: 'error' })),
    ),
  };
}
