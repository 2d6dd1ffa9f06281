/**
 * `list`: allows only what is listed, or all but what is listed. Texts are compared whole, in
 * Unicode form NFC.
 *
 * What is not a text, or a list of texts, is refused: a number in place of a text would slip by a
 * deny list.
 */
import { quoted } from '../../kernel/index.ts';
import { defineEvaluator } from '../evaluator.ts';
import { oncePerObject } from '../once-per-object.ts';
import { pathProblem, textsAt } from '../subject-path.ts';

interface ListConfig {
  readonly path: string;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly caseSensitive?: boolean;
}

const entriesSchema = { type: 'array', minItems: 1, maxItems: 5_000, items: { type: 'string' } };

const listed = oncePerObject((config: ListConfig) => {
  const entries = config.allow ?? config.deny ?? [];
  return new Set(entries.map((entry) => comparable(entry, config)));
});

export const listEvaluator = defineEvaluator<ListConfig>({
  name: 'list',
  description: 'allows only the texts that are listed, or all but those',
  configSchema: {
    type: 'object',
    properties: {
      path: { type: 'string' },
      allow: entriesSchema,
      deny: entriesSchema,
      caseSensitive: { type: 'boolean' },
    },
    required: ['path'],
    additionalProperties: false,
  },
  checkConfig(config) {
    if ((config.allow === undefined) === (config.deny === undefined)) {
      return 'exactly one of `allow` and `deny` is needed';
    }
    return pathProblem(config.path);
  },
  evaluate(subject, { config }) {
    const texts = textsAt(subject, config.path);
    if ('problem' in texts) return { outcome: 'refuse', reason: texts.problem };
    const allows = config.allow !== undefined;
    const fits = texts.every((text) => listed(config).has(comparable(text, config)) === allows);
    if (fits) return { outcome: 'pass' };
    const which = allows ? 'is not in the list of what is allowed' : 'is in the list of the denied';
    return { outcome: 'refuse', reason: `what is at ${quoted(config.path)} ${which}` };
  },
});

function comparable(text: string, { caseSensitive = true }: ListConfig): string {
  const composed = text.normalize('NFC');
  return caseSensitive ? composed : composed.toLowerCase().normalize('NFC');
}
