/**
 * Finds numbers that carry their own proof: payment cards (Luhn) and IBANs (modulo 97). In linear
 * time.
 */

import type { TextSpan } from '../redact.ts';

const cardDigitsMax = 19;
/** By first digits, and how long each network's numbers are. */
const cardForm = new RegExp(
  [
    String.raw`^(?:4(?:\d{12}|\d{15}|\d{18})`, // Visa
    String.raw`(?:5[1-5]|2[2-7])\d{14}`, // Mastercard
    String.raw`3[47]\d{13}`, // American Express
    String.raw`3[0689]\d{12}`, // Diners Club
    String.raw`(?:35|6\d)\d{14,17}`, // JCB, Discover, UnionPay, Maestro
    String.raw`5[0678]\d{11,17})$`, // Maestro
  ].join('|'),
);
/** Digits of all but the last group of a written card number: 4-4-4-4, 4-6-5. */
const groupDigitsMin = 4;

interface DigitGroup {
  readonly digits: string;
  readonly start: number;
}

/** Numbers as one run of digits, or as groups with one space or dash between them. They may overlap. */
export function* paymentCards(text: string): Generator<TextSpan> {
  let open: DigitGroup[] = [];
  for (const { 0: digits, index: start } of text.matchAll(/\d+/g)) {
    const last = open.at(-1);
    const continues = last !== undefined && isOneSeparator(text, last, start);
    // A number can start in any group before this one, as long as it is not too long in all.
    open = continues ? [...open.slice(-4), { digits, start }] : [{ digits, start }];
    if (digits.length > cardDigitsMax || isFraction(text, start)) {
      open = [];
      continue;
    }
    const card = cardAtEnd(open);
    if (card !== undefined) yield { start: card.start, end: start + digits.length };
  }
}

function isOneSeparator(text: string, last: DigitGroup, start: number): boolean {
  if (last.start + last.digits.length + 1 !== start) return false;
  return text[start - 1] === ' ' || text[start - 1] === '-';
}

/** The digits after a decimal point are no number of their own. */
function isFraction(text: string, start: number): boolean {
  return text[start - 1] === '.' && /\d/.test(text[start - 2] ?? '');
}

/** The group with which the longest card begins that ends with the last one. */
function cardAtEnd(groups: readonly DigitGroup[]): DigitGroup | undefined {
  let number = '';
  let found: DigitGroup | undefined;
  for (const [position, group] of groups.toReversed().entries()) {
    if (position > 0 && group.digits.length < groupDigitsMin) break;
    number = group.digits + number;
    if (number.length > cardDigitsMax) break;
    if (cardForm.test(number) && isLuhn(number)) found = group;
  }
  return found;
}

function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Characters of an IBAN, by country. */
const ibanLengths: ReadonlyMap<string, number> = new Map(
  [
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28',
    'EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26',
    'IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30',
    'NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23',
    'TN24 TR26 UA29 VA22 VG24 XK20',
  ]
    .join(' ')
    .split(' ')
    .map((each) => [each.slice(0, 2), Number(each.slice(2))] as const),
);

/** Together or in groups with one space or dash between them, in upper or lower case. */
export function* ibans(text: string): Generator<TextSpan> {
  for (const { 0: first, index: start } of text.matchAll(/(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g)) {
    const length = ibanLengths.get(first.slice(0, 2).toUpperCase());
    const iban = length === undefined ? undefined : compactAt(text, start, length);
    if (iban !== undefined && isModulo97(iban.compact)) yield { start, end: iban.end };
  }
}

/** So many letters and digits from there on, which end there; undefined where there are none. */
function compactAt(
  text: string,
  start: number,
  length: number,
): { readonly compact: string; readonly end: number } | undefined {
  let compact = '';
  let at = start;
  while (compact.length < length) {
    const separated = compact !== '' && (text[at] === ' ' || text[at] === '-');
    const character = text[separated ? at + 1 : at] ?? '';
    if (!/^[A-Za-z0-9]$/.test(character)) return undefined;
    compact += character;
    at += separated ? 2 : 1;
  }
  const goesOn = /^[A-Za-z0-9]$/.test(text[at] ?? '');
  return goesOn ? undefined : { compact: compact.toUpperCase(), end: at };
}

function isModulo97(iban: string): boolean {
  let remainder = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}
