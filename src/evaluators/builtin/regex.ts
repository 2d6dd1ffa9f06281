/**
 * `regex`: refuses by patterns, in RE2 syntax and linear time.
 *
 * Without a path the patterns see the canonical JSON of the content, in which quotes and control
 * characters are escaped. With a path they see the text there, or each text of a list.
 */
import { quoted } from '../../kernel/index.ts';
import { compileRegex, type Regex } from '../../kernel/policy/regex.ts';
import { contentName, defineEvaluator } from '../evaluator.ts';
import { oncePerObject } from '../once-per-object.ts';
import { pathProblem, textsAt } from '../subject-path.ts';

interface RegexConfig {
  readonly patterns: readonly string[];
  /**
   * `match`: refuse what any pattern is found in. `no-match`: refuse what no pattern is found in.
   */
  readonly refuseOn: 'match' | 'no-match';
  readonly path?: string;
}

/**
 * Characters times steps of all patterns. More would stop the process for seconds, so it is an
 * error.
 */
const workMax = 50_000_000;

const compiled = oncePerObject(({ patterns }: RegexConfig) => patterns.map(compileRegex));

export const regexEvaluator = defineEvaluator<RegexConfig>({
  name: 'regex',
  description: 'refuses content in which a pattern is found, or none is',
  configSchema: {
    type: 'object',
    properties: {
      patterns: { type: 'array', minItems: 1, maxItems: 100, items: { type: 'string' } },
      refuseOn: { enum: ['match', 'no-match'] },
      path: { type: 'string' },
    },
    required: ['patterns', 'refuseOn'],
    additionalProperties: false,
  },
  checkConfig(config) {
    for (const [position, regex] of compiled(config).entries()) {
      if ('problem' in regex)
        return `pattern ${quoted(config.patterns[position])} ${regex.problem}`;
    }
    return config.path === undefined ? undefined : pathProblem(config.path);
  },
  redaction: {
    find(text, config) {
      assertWorkable(compiledOf(config), text.length);
      return compiledOf(config).flatMap(({ spans }) => spans(text));
    },
    checkConfig({ path, refuseOn }) {
      if (refuseOn === 'no-match') return 'what is not found is nowhere';
      return path === undefined
        ? undefined
        : 'what is found is taken out of all texts, not of `path`';
    },
  },
  evaluate(subject, { config }) {
    const { path, refuseOn } = config;
    const texts = path === undefined ? [subject.text] : textsAt(subject, path);
    if ('problem' in texts) return { outcome: 'refuse', reason: texts.problem };
    const regexes = compiledOf(config);
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    assertWorkable(regexes, characters);
    const place = path === undefined ? contentName(subject) : quoted(path);
    for (const text of texts) {
      const found = regexes.findIndex((regex) => regex.found(text));
      if (refuseOn === 'match' && found !== -1) {
        const pattern = quoted(config.patterns[found]);
        return { outcome: 'refuse', reason: `pattern ${pattern} is found in ${place}` };
      }
      if (refuseOn === 'no-match' && found === -1) {
        return { outcome: 'refuse', reason: `none of the patterns is found in ${place}` };
      }
    }
    return { outcome: 'pass' };
  },
});

function compiledOf(config: RegexConfig): readonly Regex[] {
  return compiled(config).filter((each): each is Regex => 'found' in each);
}

function assertWorkable(regexes: readonly Regex[], characters: number): void {
  const steps = regexes.reduce((sum, { size }) => sum + size, 0);
  if (characters * steps > workMax) throw new RangeError('the text is too long for the patterns');
}
