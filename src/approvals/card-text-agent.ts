/** The part of a card's text that shows what an agent wrote, and what there is to know of it. */
import type { AgentText, CardField, CardValue, ComparedField } from './agent-text.ts';
import type { ApprovalCard } from './card.ts';
import { marginLines, ownLines, plural, type CardLine } from './card-text-lines.ts';
import type { ShownText, TextMark } from './shown-text.ts';

const kindNames: Readonly<Record<CardValue['kind'], string>> = {
  text: 'text',
  number: 'number',
  boolean: 'true or false',
  null: 'null',
  'empty-object': 'empty object',
  'empty-array': 'empty array',
};

const markNames: Readonly<Record<TextMark, string>> = {
  'bidi-controls': 'controls of writing direction',
  'zero-width': 'characters without width',
  'tag-characters': 'tag characters, which nobody sees and models read',
  'variation-selectors': 'variation selectors',
  'line-breaks': 'line breaks',
  'control-characters': 'control characters',
  'unusual-spaces': 'unusual spaces',
  'private-use': 'private-use characters',
  unassigned: 'unassigned characters',
  'other-invisible': 'other invisible characters',
  'stacked-marks': 'combining marks in a heap or on nothing',
  'mixed-scripts': 'Latin words with letters of other scripts',
  'look-alike-letters': 'letters that pass for plain ones',
  'card-brackets': 'the brackets of escapes',
  'right-to-left': 'writing from right to left',
  'very-long': 'very much text',
  'looks-like-markup': 'what looks like markup',
  'looks-like-terminal-escape': 'what looks like a terminal escape',
};

export function agentLines({ agentText }: ApprovalCard, width: number): readonly CardLine[] {
  const { resource, fields, removed } = agentText;
  const intro = 'WRITTEN BY THE AGENT - lines that begin with |, and nothing else';
  return [
    ...ownLines(intro, { width, style: 'heading' }),
    ...ownLines('Resource', { width, indent: 2 }),
    ...warningLines('resource', resource, width),
    ...marginLines('is', resource.text, width),
    ...fields.flatMap((field, index) => fieldLines(field, headingOf(agentText, index), width)),
    ...leftOutLines(agentText.fieldsLeftOut, 'argument', width),
    ...removed.flatMap((field) => removedLines(field, width)),
    ...leftOutLines(agentText.removedLeftOut, 'removed argument', width),
  ];
}

function headingOf({ fields, fieldsLeftOut }: AgentText, index: number): string {
  return `Argument ${index + 1} of ${fields.length + fieldsLeftOut}`;
}

const changeNames = { same: 'unchanged', added: 'NEW', changed: 'CHANGED' } as const;

function fieldLines(field: ComparedField, heading: string, width: number): readonly CardLine[] {
  const { path, value, change, before } = field;
  const changed = change === undefined ? '' : `, ${changeNames[change]}`;
  return [
    { text: '' },
    ...ownLines(`${heading}: ${valueText(field)}${changed}`, {
      width,
      indent: 2,
      ...(change !== undefined && change !== 'same' && { style: 'warning' as const }),
    }),
    ...warningLines('name', path, width),
    ...warningLines('value', value, width),
    ...(before === undefined ? [] : warningLines('old value', before.value, width)),
    ...marginLines('at', path.text, width),
    ...marginLines('is', value.text, width),
    ...(before === undefined ? [] : marginLines('was', before.value.text, width)),
  ];
}

function removedLines(field: CardField, width: number): readonly CardLine[] {
  const { path, value } = field;
  return [
    { text: '' },
    ...ownLines(`REMOVED: ${valueText(field)}`, { width, indent: 2, style: 'warning' }),
    ...warningLines('name', path, width),
    ...warningLines('old value', value, width),
    ...marginLines('at', path.text, width),
    ...marginLines('was', value.text, width),
  ];
}

function valueText({ kind, value }: CardValue): string {
  if (kind !== 'text') return kindNames[kind];
  return `${kindNames.text} of ${plural(value.characters, 'character')}, ${plural(value.bytes, 'byte')}`;
}

function warningLines(what: string, text: ShownText, width: number): readonly CardLine[] {
  const { marks, isTruncated, cutCharacters, cutBytes } = text;
  const warn = (words: string) => ownLines(words, { width, indent: 2, style: 'warning' });
  const names = marks.map((mark) => markNames[mark]);
  const cut = `${plural(cutCharacters, 'character')} (${plural(cutBytes, 'byte')})`;
  return [
    ...(names.length === 0 ? [] : warn(`! The ${what} has ${names.join('; ')}.`)),
    ...(isTruncated ? warn(`! The ${what} is cut: ${cut} at its end are not shown.`) : []),
  ];
}

function leftOutLines(count: number, noun: string, width: number): readonly CardLine[] {
  if (count === 0) return [];
  const text = `! ${plural(count, noun)} more, not shown.`;
  return [{ text: '' }, ...ownLines(text, { width, indent: 2, style: 'warning' })];
}
