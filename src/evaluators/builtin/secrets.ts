/**
 * `secrets`: refuses content in which something has the form of a secret. The reason names the
 * kind and never what was found.
 *
 * It finds what is written plainly. Who wants to hide a secret can encode it, or split it over
 * calls.
 */
import { contentTexts } from '../content-texts.ts';
import { contentName, defineEvaluator } from '../evaluator.ts';
import { fixedRegex } from './fixed-regex.ts';

const patterns = {
  'private-key': [
    '-----BEGIN [A-Z0-9 ]*PRIVATE KEY',
    'PuTTY-User-Key-File-[0-9]',
    'AGE-SECRET-KEY-1[0-9A-Z]{20}',
  ],
  'aws-key': [
    String.raw`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`,
    String.raw`(?i)aws[a-z_ -]{0,16}(?:secret|access)[a-z_ -]{0,16}["'\s:=]+[a-z0-9/+]{40}`,
  ],
  'google-key': [
    String.raw`\bAIza[0-9A-Za-z_-]{35}`,
    String.raw`\bya29\.[0-9A-Za-z_-]{20}`,
    String.raw`\bGOCSPX-[0-9A-Za-z_-]{20}`,
  ],
  'azure-key': [
    '(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40}',
    String.raw`[?&]sig=[A-Za-z0-9%+/]{40}`,
    String.raw`\b[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31}`,
  ],
  'service-token': [
    String.raw`\bgh[pousr]_[A-Za-z0-9]{36}`,
    String.raw`\bgithub_pat_[A-Za-z0-9_]{22}`,
    String.raw`\bglpat-[A-Za-z0-9_-]{20}`,
    String.raw`\bnpm_[A-Za-z0-9]{36}`,
    String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10}`,
    String.raw`\bhooks\.slack\.com/services/T[A-Za-z0-9]+/B[A-Za-z0-9]+/[A-Za-z0-9]{16}`,
    String.raw`\b[rs]k_live_[A-Za-z0-9]{16}`,
    String.raw`\bsk-[A-Za-z0-9_-]*[A-Za-z0-9]{20}`,
  ],
  jwt: [String.raw`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8}`],
  'bearer-token': [String.raw`(?i)\bbearer\s+[a-z0-9._~+/-]{16}`],
  'connection-string': [
    String.raw`(?i)\b[a-z][a-z0-9+.-]*://[^\s:/@?#"']*:[^\s/@"']+@[^\s/]`,
    String.raw`(?i)\b(?:server|data source|host)\s*=[^;\n]+;(?:[^\n]*;)?\s*(?:password|pwd)\s*=\s*[^;\s]`,
  ],
} as const;

type SecretKind = keyof typeof patterns;

interface SecretsConfig {
  readonly kinds?: readonly SecretKind[];
}

const kinds = Object.keys(patterns) as readonly SecretKind[];
const regexes = new Map(kinds.map((kind) => [kind, patterns[kind].map(fixedRegex)]));

export const secretsEvaluator = defineEvaluator<SecretsConfig>({
  name: 'secrets',
  description: 'refuses content in which something has the form of a secret',
  configSchema: {
    type: 'object',
    properties: {
      kinds: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: kinds } },
    },
    additionalProperties: false,
  },
  evaluate(subject, { config }) {
    const text = contentTexts(subject.content);
    const found = (config.kinds ?? kinds).filter((kind) =>
      regexes.get(kind)?.some((regex) => regex.found(text)),
    );
    if (found.length === 0) return { outcome: 'pass' };
    return { outcome: 'refuse', reason: `found in ${contentName(subject)}: ${found.join(', ')}` };
  },
});
