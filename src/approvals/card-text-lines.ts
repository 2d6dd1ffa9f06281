/** Lines of a card's text: its own, and those behind the margin that hold what an agent wrote. */
import { isRightToLeft } from './shown-text.ts';
import { wrap } from './wrap.ts';

export type LineStyle = 'heading' | 'alarm' | 'warning';

export interface CardLine {
  readonly text: string;
  readonly style?: LineStyle;
}

/** Attributes of ECMA-48, which are put on whole lines: bold, bold red, yellow. */
const attributes: Readonly<Record<LineStyle, string>> = {
  heading: '1',
  alarm: '1;31',
  warning: '33',
};

export function paint({ text, style }: CardLine): string {
  return style === undefined ? text : `\u001b[${attributes[style]}m${text}\u001b[0m`;
}

interface OwnLineOptions {
  readonly width: number;
  /** Cells before the text; what is wrapped stands two further in. */
  readonly indent?: number;
  readonly style?: LineStyle;
}

/** The card's own words. */
export function ownLines(text: string, options: OwnLineOptions): readonly CardLine[] {
  const { width, indent = 0, style } = options;
  return wrap(text, width - indent - 2).map((line, index) => ({
    text: `${' '.repeat(index === 0 ? indent : indent + 2)}${line}`.trimEnd(),
    ...(style !== undefined && { style }),
  }));
}

const labelCells = 14;

/** One fact with its label; what is wrapped stands below its start. */
export function cardRow(label: string, text: string, width: number): readonly CardLine[] {
  return wrap(text, width - labelCells).map((line, index) => ({
    text: `${(index === 0 ? `  ${label}` : '').padEnd(labelCells)}${line}`.trimEnd(),
  }));
}

/** What a text of the agent is: where it stands, what is there, what was there before. */
export type AgentLabel = 'at' | 'is' | 'was';

/**
 * Text of the agent: each line begins with the margin and the label. Where a text is wrapped, the label
 * stands on its first line, and on those that a terminal would otherwise begin at the right edge.
 */
export function marginLines(label: AgentLabel, text: string, width: number): readonly CardLine[] {
  const margin = (isLabelled: boolean): string => `| ${(isLabelled ? label : '').padEnd(4)}`;
  return wrap(text, width - margin(true).length).map((line, index) => ({
    text: `${margin(index === 0 || isRightToLeft(line))}${line}`,
  }));
}

/** `1 field`, `2 fields`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
