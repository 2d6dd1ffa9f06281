/**
 * `prompt-injection`: a HEURISTIC. It adds up points for phrases and tricks that injected
 * instructions often use, and refuses from a threshold on.
 *
 * It promises nothing: whoever knows the list writes around it, and honest text about injections
 * meets it. Use it to notice, with rules and approvals to decide; never as the only thing between
 * an agent and harm.
 */
import { contentTexts } from '../content-texts.ts';
import { defineEvaluator } from '../evaluator.ts';
import { fixedRegex } from './fixed-regex.ts';
import { base64Texts, type HiddenKind, hiddenKinds, visibleText } from './hidden-text.ts';

interface PromptInjectionConfig {
  readonly threshold?: number;
}

const thresholdDefault = 3;

/**
 * Words of each list in this order; between them may stand others, up to the end of the sentence.
 */
function phrase(...lists: readonly string[]): string {
  return lists.map((list) => String.raw`\b(?:${list})\b`).join('[^.]{0,30}');
}

/** For lower-case text. */
const phrases = [
  {
    signal: 'override-instructions',
    points: 3,
    patterns: [
      phrase(
        'ignore|disregard|forget|override|bypass',
        'previous|prior|preceding|above|earlier|all|any|your|system',
        'instructions?|prompts?|rules?|guidelines?|directions?|directives?',
      ),
      String.raw`\bnew (?:system )?instructions?\s*:`,
    ],
  },
  {
    signal: 'other-identity',
    points: 2,
    patterns: [
      phrase('you are now|you are no longer|do anything now'),
      phrase('(?:act|behave|respond) as (?:if you|an? unrestricted|an? unfiltered|dan)'),
      phrase('(?:developer|debug|god|jailbreak) mode'),
    ],
  },
  {
    signal: 'reveal-prompt',
    points: 2,
    patterns: [
      phrase(
        'reveal|print|repeat|show|output|leak',
        '(?:system|hidden|initial|original) (?:prompt|instructions?)',
      ),
    ],
  },
  {
    signal: 'role-marker',
    points: 2,
    patterns: [
      String.raw`<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>`,
      String.raw`\[/?inst\]|<</?sys>>|</?(?:system|assistant)>`,
      String.raw`(?m)^\s*(?:#+\s*)?(?:system|assistant)\s*:\s*\S`,
    ],
  },
  {
    signal: 'keep-from-user',
    points: 2,
    patterns: [
      phrase(
        "(?:do not|don['’]?t|never|without) (?:tell|mention|inform|alert|show)(?:ing)?",
        'user|human|anyone|operator|owner',
      ),
    ],
  },
].map((each) => ({ ...each, regexes: each.patterns.map(fixedRegex) }));

const hiddenPoints: Readonly<Record<HiddenKind, number>> = {
  'hidden-characters': 3,
  'zero-width-characters': 1,
  'bidi-characters': 2,
};

export const promptInjectionEvaluator = defineEvaluator<PromptInjectionConfig>({
  name: 'prompt-injection',
  description: 'a heuristic: refuses content that looks like instructions to a model',
  configSchema: {
    type: 'object',
    properties: { threshold: { type: 'integer', minimum: 1, maximum: 20 } },
    additionalProperties: false,
  },
  evaluate(subject, { config }) {
    const signals = injectionSignals(contentTexts(subject.content));
    const score = [...signals.values()].reduce((sum, points) => sum + points, 0);
    const threshold = config.threshold ?? thresholdDefault;
    if (score < threshold) return { outcome: 'pass' };
    const names = [...signals.keys()].join(', ');
    return {
      outcome: 'refuse',
      reason: `looks like prompt injection, by a heuristic (${score} of ${threshold} points): ${names}`,
    };
  },
});

/** What in a text often goes with injected instructions, with the points of each. */
export function injectionSignals(text: string): ReadonlyMap<string, number> {
  const signals = new Map<string, number>();
  for (const kind of hiddenKinds(text)) signals.set(kind, hiddenPoints[kind]);
  for (const [signal, points] of phrasesIn(visibleText(text))) signals.set(signal, points);
  for (const [, points] of phrasesIn(visibleText(base64Texts(text)))) {
    // Who encodes such a phrase has something to hide, whichever it is.
    signals.set('base64-phrase', Math.max(points, 3));
  }
  return signals;
}

function phrasesIn(text: string): readonly (readonly [signal: string, points: number])[] {
  if (text === '') return [];
  return phrases
    .filter(({ regexes }) => regexes.some((regex) => regex.found(text)))
    .map(({ signal, points }) => [signal, points] as const);
}
