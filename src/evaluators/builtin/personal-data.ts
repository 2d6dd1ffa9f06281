/**
 * `personal-data`: refuses content that hold e-mail addresses, payment card numbers, IBANs or US
 * social security numbers, where their checksums, if they have one, are right. The reason names the
 * kind alone.
 *
 * Forms alone are seen: a name or a postal address has none. What looks right by chance is refused
 * as well.
 */
import { contentTexts } from '../content-texts.ts';
import { contentName, defineEvaluator } from '../evaluator.ts';
import type { TextSpan } from '../redact.ts';
import { ibans, paymentCards } from './checksum.ts';
import { fixedRegex } from './fixed-regex.ts';

/** Letters of many scripts have marks, which are no letters: without them a part of a name would be left. */
const email = fixedRegex(String.raw`[\pL\pM\pN._%+'-]@[\pL\pN][\pL\pM\pN.-]*\.\pL[\pL\pM]`);
/** Of fixed length, and so in linear time. The numbers that were never given out are left out. */
const socialSecurity = /(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?!\d|-\d)/;

const wholeEmail = fixedRegex(
  String.raw`[\pL\pM\pN._%+'!#$&*=^~-]+@[\pL\pN][\pL\pM\pN.-]*\.\pL[\pL\pM][\pL\pM\pN-]*`,
);

interface Detector {
  readonly has: (text: string) => boolean;
  readonly find: (text: string) => Iterable<TextSpan>;
}

const detectors = {
  email: { has: email.found, find: wholeEmail.spans },
  'payment-card': { has: (text) => hasAny(paymentCards(text)), find: paymentCards },
  iban: { has: (text) => hasAny(ibans(text)), find: ibans },
  'us-ssn': { has: (text) => socialSecurity.test(text), find: socialSecurityNumbers },
} as const satisfies Readonly<Record<string, Detector>>;

/** Looks no further than to the first. */
function hasAny(found: Iterator<TextSpan>): boolean {
  return found.next().done !== true;
}

function* socialSecurityNumbers(text: string): Generator<TextSpan> {
  const everywhere = new RegExp(socialSecurity, 'g');
  for (const { 0: number, index: start } of text.matchAll(everywhere)) {
    yield { start, end: start + number.length };
  }
}

/** Whichever dash stands between groups. Each is one code unit, so that places stay where they are. */
function withPlainDashes(text: string): string {
  return text.replaceAll(/[\u2010-\u2015\u2212]/g, '-');
}

type PersonalKind = keyof typeof detectors;

interface PersonalDataConfig {
  readonly kinds?: readonly PersonalKind[];
}

const kinds = Object.keys(detectors) as readonly PersonalKind[];

export const personalDataEvaluator = defineEvaluator<PersonalDataConfig>({
  name: 'personal-data',
  description:
    'refuses content with e-mail addresses, card numbers, IBANs or US social security numbers',
  configSchema: {
    type: 'object',
    properties: {
      kinds: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: kinds } },
    },
    additionalProperties: false,
  },
  redaction: {
    // In the text as it is: what is only there in another form is withheld.
    find(text, config) {
      const plain = withPlainDashes(text);
      return (config.kinds ?? kinds).flatMap((kind) => [...detectors[kind].find(plain)]);
    },
  },
  evaluate(subject, { config }) {
    // Compatibility forms, such as full-width digits, read the same to people and to many a tool.
    const text = withPlainDashes(contentTexts(subject.content).normalize('NFKC'));
    const found = (config.kinds ?? kinds).filter((kind) => detectors[kind].has(text));
    if (found.length === 0) return { outcome: 'pass' };
    return { outcome: 'refuse', reason: `found in ${contentName(subject)}: ${found.join(', ')}` };
  },
});
