/** Reads the text of a policy file, YAML or JSON: every finding has its line and column. */
import type { PolicyDocument } from '../kernel/index.ts';
import type { NodePositions } from './node-positions.ts';
import type { PositionedFinding } from './policy-finding.ts';
import { readPlainPolicy, type ReadingOptions } from './read-policy.ts';
import { assertOptions } from './reading-options.ts';
import { readYaml } from './yaml-text.ts';

export interface PolicyTextRead {
  readonly document: PolicyDocument;
  readonly positions: NodePositions;
  readonly warnings: readonly PositionedFinding[];
}

/** `file` is only shown. */
export function readPolicyText(
  text: string,
  options: ReadingOptions & { readonly file: string },
): PolicyTextRead | { readonly findings: readonly PositionedFinding[] } {
  assertOptions('readPolicyText', options, ['file', 'tools']);
  const { file, tools } = options;
  const yaml = readYaml(text, { file });
  if ('findings' in yaml) return yaml;
  const { positions } = yaml;
  const read = readPlainPolicy(yaml.value, { tools });
  if ('findings' in read) {
    return { findings: read.findings.map((finding) => positions.locate(finding)) };
  }
  const { document, warnings } = read;
  return { document, positions, warnings: warnings.map((finding) => positions.locate(finding)) };
}
