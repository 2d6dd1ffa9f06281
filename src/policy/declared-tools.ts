/** Reads a file of tool declarations, YAML or JSON: what tools there are, and what their arguments can be. */
import { Findings, isName } from '../kernel/index.ts';
import type { DeclaredTool } from './argument-types.ts';
import { type PositionedFinding, withFix } from './policy-finding.ts';
import { readYaml } from './yaml-text.ts';

/** The members of a declaration; the last three are as hosts write them, and say nothing about types. */
const members = ['name', 'action', 'inputSchema', 'resource', 'description', 'estimate'];

/** A list of declarations. `file` is only shown. */
export function readDeclaredTools(
  text: string,
  { file }: { readonly file: string },
):
  | { readonly tools: readonly DeclaredTool[] }
  | { readonly findings: readonly PositionedFinding[] } {
  const yaml = readYaml(text, { file });
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

function toolsOf(value: unknown, findings: Findings): readonly DeclaredTool[] {
  if (!Array.isArray(value) || value.length === 0) {
    findings.add('wrong-type', '', 'must be a list of tool declarations');
    return [];
  }
  const names = new Set<unknown>();
  return value.flatMap((each: unknown, position) => {
    const path = `[${position}]`;
    const declaration = findings.object(path, each, members);
    if (declaration === undefined) return [];
    const { name, action, inputSchema } = declaration;
    if (!isName(name)) findings.add('invalid-name', `${path}.name`, 'must be a name');
    else if (names.has(name)) findings.add('duplicate-id', `${path}.name`, 'is there twice');
    names.add(name);
    if (!isName(action)) findings.add('invalid-name', `${path}.action`, 'must be a name');
    if (!isSchema(inputSchema)) {
      findings.add('wrong-type', `${path}.inputSchema`, 'must be a JSON Schema, as an object');
      return [];
    }
    return isName(name) && isName(action) ? [{ name, action, inputSchema }] : [];
  });
}

function isSchema(value: unknown): value is object | undefined {
  return (
    (typeof value === 'object' && value !== null && !Array.isArray(value)) || value === undefined
  );
}
