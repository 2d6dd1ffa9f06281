/**
 * Conditions against the schemas of the tools whose calls they are about. The kernel's own check of types
 * runs once more, with what the schemas say of arguments in the place of "anything".
 *
 * Nothing is guessed: an error holds for every call of every tool of the rule's actions. A rule that is about
 * an action without a known tool, or a tool without a schema, is not looked at.
 */
import {
  type ArgumentReading,
  checkCondition,
  Findings,
  type PolicyDocument,
  type RuleDocument,
  type ValueType,
} from '../kernel/index.ts';
import { assertTools, type DeclaredTool } from './tool-declarations.ts';
import { actionsNamed } from './pattern-inclusion.ts';
import { type PolicyFinding, type PolicyFindingCode, withFix } from './policy-finding.ts';
import { oneOf, schemaType, type Work } from './schema-type.ts';

const warnings: ReadonlySet<PolicyFindingCode> = new Set([
  'argument-undeclared',
  'tool-of-no-action',
  'lint-incomplete',
]);

/** Parts of schemas: beyond it lint says that it has not looked at everything. */
const workMax = 200_000;

/** Findings about a document that the kernel has checked. `tools` are all that calls can come from. */
export function argumentFindings(
  document: PolicyDocument,
  tools: readonly DeclaredTool[],
): readonly PolicyFinding[] {
  assertTools(tools);
  const work: Work = { left: workMax };
  const findings: PolicyFinding[] = [];
  const add = (code: PolicyFindingCode, path: string, message: string): void => {
    const severity = warnings.has(code) ? 'warning' : 'error';
    findings.push(withFix({ code, path, message, severity }));
  };
  for (const { name, action } of tools) {
    if (Object.hasOwn(document.actions, action)) continue;
    const message = `declares no \`${action}\`, which the tool \`${name}\` is: nothing is held against it`;
    add('tool-of-no-action', 'actions', message);
  }
  const typeFor = argumentsByRule(document, tools, work);
  for (const [position, rule] of (document.rules ?? []).entries()) {
    const type = rule.when === undefined ? undefined : typeFor(rule);
    if (type === undefined) continue;
    const read = (reading: ArgumentReading): void => {
      const { path, name, type: part, isPresence } = reading;
      if (part.kinds.length === 0) {
        add('argument-unknown', path, `\`${name}\` is in no call that the rule is about`);
      } else if (part.declared === false && !isPresence) {
        const message = `\`${name}\` is declared by no tool that the rule is about`;
        add('argument-undeclared', path, message);
      }
    };
    const checked = new Findings();
    checkCondition(checked, `rules[${position}].when`, rule.when, { type, read });
    for (const { path, message } of checked.list) add('argument-type', path, message);
    if (work.left < 0) {
      const message = 'are about schemas that are too large together; not all was looked at';
      add('lint-incomplete', 'rules', message);
      break;
    }
  }
  return findings;
}

type TypeFor = (rule: RuleDocument) => ValueType | undefined;

/** What the arguments can be of all calls that a rule is about; undefined where that is not known. */
function argumentsByRule(
  { actions }: PolicyDocument,
  tools: readonly DeclaredTool[],
  work: Work,
): TypeFor {
  const declared = Object.keys(actions);
  const byAction = new Map<string, (ValueType | undefined)[]>();
  for (const { action, inputSchema } of tools) {
    const types = byAction.get(action) ?? [];
    types.push(inputSchema === undefined ? undefined : schemaType(inputSchema, work));
    byAction.set(action, types);
  }
  const known = new Map<string, { readonly type: ValueType | undefined }>();
  return ({ match }) => {
    // Rules that name the same actions share what was read for them.
    const key = [match?.action ?? []].flat().join(' ');
    const found = known.get(key);
    if (found !== undefined) return found.type;
    const named = actionsNamed(match?.action, declared);
    const types = named.flatMap((action) => byAction.get(action) ?? [undefined]);
    const complete = types.filter((type) => type !== undefined);
    const isComplete = types.length > 0 && complete.length === types.length;
    const all = isComplete ? oneOf(complete, work) : undefined;
    // Where no call fits any schema there is nothing to say of arguments.
    const type = all?.kinds.length === 0 ? undefined : all;
    known.set(key, { type });
    return type;
  };
}
