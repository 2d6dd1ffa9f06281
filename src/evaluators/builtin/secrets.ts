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

/** Where a word begins; in JSON that is a text, what stands before it can be an escape, such as `\\n`. */
const start = String.raw`(?:\b|\\(?:[bfnrt]|u[0-9A-Fa-f]{4}))`;

const patterns = {
  'private-key': [
    '-----BEGIN [A-Z0-9 ]*PRIVATE KEY',
    'PuTTY-User-Key-File-[0-9]',
    'AGE-SECRET-KEY-1[0-9A-Z]{20}',
  ],
  'aws-key': [
    String.raw`${start}(?:AKIA|ASIA)[A-Z2-7]{16}\b`,
    String.raw`(?i)aws[a-z_ -]{0,16}(?:secret|access)[a-z_ -]{0,16}["'\s:=\\]+[a-z0-9/+]{40}`,
  ],
  'google-key': [
    String.raw`${start}AIza[0-9A-Za-z_-]{35}`,
    String.raw`${start}ya29\.[0-9A-Za-z_-]{20}`,
    String.raw`${start}GOCSPX-[0-9A-Za-z_-]{20}`,
  ],
  'azure-key': [
    '(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40}',
    String.raw`[?&]sig=[A-Za-z0-9%+/]{40}`,
    String.raw`${start}[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31}`,
  ],
  'service-token': [
    String.raw`${start}gh[pousr]_[A-Za-z0-9]{36}`,
    String.raw`${start}github_pat_[A-Za-z0-9_]{22}`,
    String.raw`${start}glpat-[A-Za-z0-9_-]{20}`,
    String.raw`${start}npm_[A-Za-z0-9]{36}`,
    String.raw`${start}xox[abeoprs]-[A-Za-z0-9-]{10}`,
    String.raw`${start}hooks\.slack\.com/services/T[A-Za-z0-9]+/B[A-Za-z0-9]+/[A-Za-z0-9]{16}`,
    String.raw`${start}[rs]k_live_[A-Za-z0-9]{16}`,
    String.raw`${start}sk-[A-Za-z0-9_-]*[A-Za-z0-9]{20}`,
  ],
  jwt: [String.raw`${start}eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8}`],
  'bearer-token': [String.raw`(?i)${start}bearer\s+[a-z0-9._~+/-]{16}`],
  'connection-string': [
    String.raw`(?i)${start}[a-z][a-z0-9+.-]*://[^\s:/@?#"']*:[^\s/@"']+@[^\s/]`,
    String.raw`(?i)${start}(?:server|data source|host)\s*=[^;\n]+;(?:[^\n]*;)?\s*` +
      String.raw`(?:password|pwd)\s*=\s*[^;\s]`,
  ],
} as const;

type SecretKind = keyof typeof patterns;

/** A token goes on for as long as there is no space, quote, escape or separator. */
const restOfToken = String.raw`[^\s"'\x60<>,;\\]*`;
/** A key without an end goes on to the end of all texts. */
const restOfKey = String.raw`(?s)(?:.*?-----END [A-Z0-9 ]*PRIVATE KEY[A-Z0-9 ]*-----|.*)`;

/**
 * What follows that by which a secret is known, and is part of it, by the places of the patterns. A pattern
 * says as little as it takes to know one; whoever takes a secret out has to take all of it.
 */
const rests: Readonly<Partial<Record<SecretKind, readonly string[]>>> = {
  'private-key': [restOfKey, '(?s).*', restOfToken],
  // A quoted password may hold whatever else ends one.
  'connection-string': [restOfToken, String.raw`[^\n]*`],
};

interface SecretsConfig {
  readonly kinds?: readonly SecretKind[];
}

const kinds = Object.keys(patterns) as readonly SecretKind[];
const regexes = new Map(kinds.map((kind) => [kind, patterns[kind].map(fixedRegex)]));
const wholes = new Map(
  kinds.map((kind) => {
    const regexesOfWhole = patterns[kind].map((pattern, place) => {
      return fixedRegex(`(?:${pattern})${rests[kind]?.[place] ?? restOfToken}`);
    });
    return [kind, regexesOfWhole];
  }),
);

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
  redaction: {
    find: (text, config) =>
      (config.kinds ?? kinds).flatMap((kind) =>
        (wholes.get(kind) ?? []).flatMap((regex) => regex.spans(text)),
      ),
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
