/** Policies that are looked at in code: what was not checked could have a rule that nobody reads. */
import { checkPolicy, type PolicyDocument } from '../kernel/index.ts';

const checked = new WeakSet<PolicyDocument>();

/** Throws a `TypeError` for what the kernel would refuse, such as CEL that was not read. */
export function assertPolicy(document: PolicyDocument): void {
  if (checked.has(document)) return;
  const read = checkPolicy(document);
  if ('findings' in read) {
    const { path = '', message = '' } = read.findings[0] ?? {};
    const place = path === '' ? 'the policy' : `\`${path}\` of the policy`;
    throw new TypeError(`${place} ${message}; give the \`document\` that \`readPolicy\` gave`);
  }
  checked.add(document);
}
