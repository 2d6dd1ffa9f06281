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
import { hasIban, hasPaymentCard } from './checksum.ts';
import { fixedRegex } from './fixed-regex.ts';

const email = fixedRegex(String.raw`[\pL\pN._%+'-]@[\pL\pN][\pL\pN.-]*\.\pL{2}`);
/** Of fixed length, and so in linear time. The numbers that were never given out are left out. */
const socialSecurity = /(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?!\d|-\d)/;

const detectors = {
  email: (text: string) => email.found(text),
  'payment-card': hasPaymentCard,
  iban: hasIban,
  'us-ssn': (text: string) => socialSecurity.test(text),
} as const;

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
  evaluate(subject, { config }) {
    // Compatibility forms, such as full-width digits, read the same to people and to many a tool.
    const text = contentTexts(subject.content).normalize('NFKC');
    const found = (config.kinds ?? kinds).filter((kind) => detectors[kind](text));
    if (found.length === 0) return { outcome: 'pass' };
    return { outcome: 'refuse', reason: `found in ${contentName(subject)}: ${found.join(', ')}` };
  },
});
