/**
 * What is known of a value before there is a request: its kind, and what can be in it.
 *
 * A type may be wider than the values that it stands for, and is never narrower. What contradicts the type
 * therefore contradicts every value, and what is not known leads to no finding.
 */
import { quoted } from '../name.ts';
import type { Scalar } from './expression.ts';
import type { ExpressionType } from './expression-functions.ts';

export type Kind = Exclude<ExpressionType, 'any'>;

export const kinds: readonly Kind[] = ['text', 'number', 'boolean', 'null', 'list', 'map'];

export interface ValueType {
  /** The kinds that the value can have. None: it is never there. */
  readonly kinds: readonly Kind[];
  /** All that the value can be, where that is listed. */
  readonly values?: ReadonlySet<Scalar> | undefined;
  /** What a member of the value can be, where the value is a map. Left out, it can be anything. */
  readonly member?: ((name: string) => ValueType) | undefined;
  /** The same for an element of a list: that at a place, counted from 0, or any of them. */
  readonly element?: ((at: number | undefined) => ValueType) | undefined;
  /** Of a member: whether it is among those that are declared; undefined where none are. */
  readonly declared?: boolean | undefined;
  /** What the value is called in a condition; only what comes from a call's arguments has a name. */
  readonly name?: string | undefined;
  /** The elements of a list that is written out. */
  readonly parts?: readonly ValueType[] | undefined;
}

export const anything: ValueType = { kinds };
export const nothing: ValueType = { kinds: [] };

/** What is known of the arguments of the calls that a condition is about. */
export interface ArgumentTypes {
  readonly type: ValueType;
  /** Hears of every part of the arguments that a condition reads, from the outside in. */
  readonly read: (reading: ArgumentReading) => void;
}

export interface ArgumentReading {
  /** Where in the document. */
  readonly path: string;
  /** What is read, such as `arguments.customer`. */
  readonly name: string;
  readonly type: ValueType;
  /** Whether it is only asked if it is there. */
  readonly isPresence: boolean;
}

/** Tells of a reading. What is never there counts as anything from then on: it is told of once. */
export function heard(types: ArgumentTypes | undefined, reading: ArgumentReading): ValueType {
  if (types === undefined) return anything;
  types.read(reading);
  const { type, name } = reading;
  return type.kinds.length === 0 ? anything : { ...type, name };
}

/** The type of a path into the arguments, read step by step. */
export function argumentType(
  types: ArgumentTypes | undefined,
  members: readonly string[],
  { path, isPresence, step }: Omit<ArgumentReading, 'name' | 'type'> & { readonly step: Step },
): ValueType {
  if (types === undefined) return members.length === 0 ? only('map') : anything;
  let type: ValueType = { ...types.type, name: 'arguments' };
  for (const member of members) {
    const name = `${type.name ?? ''}.${member}`;
    type = heard(types, { path, name, type: step(type, member), isPresence });
    if (type === anything) break;
  }
  return type;
}

/** From a value to a part of it that a path names. */
export type Step = (type: ValueType, name: string) => ValueType;

export function only(kind: ExpressionType): ValueType {
  return kind === 'any' ? anything : { kinds: [kind] };
}

export function memberOf(type: ValueType, name: string): ValueType {
  if (!type.kinds.includes('map')) return nothing;
  return type.member?.(name) ?? anything;
}

export function elementOf(type: ValueType, at?: number): ValueType {
  if (!type.kinds.includes('list')) return nothing;
  return type.element?.(at) ?? anything;
}

export function onlyKind({ kinds: possible }: ValueType): Kind | undefined {
  return possible.length === 1 ? possible[0] : undefined;
}

/** What a macro's variable is: an element of a list, or a key of a map. Only arguments are looked into. */
export function iterated(range: ValueType, name: string): ValueType {
  const container = range.name === undefined ? undefined : containerOf(range);
  if (container === undefined) return anything;
  const element = container === 'map' ? only('text') : elementOf(range);
  return element.kinds.length === 0 ? anything : { ...element, name };
}

/** A list or a map where a value that has parts can only be that. */
export function containerOf(type: ValueType): 'list' | 'map' | undefined {
  const isList = type.kinds.includes('list');
  if (isList === type.kinds.includes('map')) return undefined;
  return isList ? 'list' : 'map';
}

export function kindOf(value: unknown): Kind {
  if (value === null) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? 'list' : 'map';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'boolean' : 'number';
}

/** The type of values that stand in a condition. */
export function typeOfLiterals(values: readonly Scalar[]): ValueType {
  return { kinds: [...new Set(values.map(kindOf))], values: new Set(values) };
}

/** What the elements of a list can be, all taken together; undefined where nothing is known of them. */
export function elementsOf(list: ValueType): ValueType | undefined {
  const { parts, name } = list;
  if (containerOf(list) !== 'list' || parts?.length === 0) return undefined;
  if (parts === undefined) {
    const element = elementOf(list);
    return name === undefined || element.kinds.length === 0 ? undefined : { ...element, name };
  }
  const values = parts.flatMap((part) => (part.values === undefined ? [] : [part.values]));
  return {
    kinds: [...new Set(parts.flatMap((part) => part.kinds))],
    values: values.length < parts.length ? undefined : new Set(values.flatMap((each) => [...each])),
    name: parts.find((part) => part.name !== undefined)?.name,
  };
}

/** Whether no value of the one type is the same as one of the other. Literals alone are not looked at. */
export function neverSame(left: ValueType, right: ValueType): boolean {
  if (!left.kinds.some((kind) => right.kinds.includes(kind))) return true;
  if (left.name === undefined && right.name === undefined) return false;
  if (left.values === undefined || right.values === undefined) return false;
  const [few, many] = [left.values, right.values].toSorted((a, b) => a.size - b.size);
  return ![...(few ?? [])].some((value) => many?.has(value));
}

/** Longer lists of values are not written out in a finding. */
const shownMax = 5;

const words: Readonly<Record<Kind, string>> = {
  boolean: 'a boolean',
  number: 'a number',
  text: 'a text',
  null: 'null',
  list: 'a list',
  map: 'a map',
};

/** Both sides of a comparison: by kind, or by value where the kinds are the same and the values few. */
export function sidesOf(left: ValueType, right: ValueType): readonly [left: string, right: string] {
  const isByValue = left.kinds.some((kind) => right.kinds.includes(kind));
  const shown = ({ name, kinds: possible, values }: ValueType): string => {
    const isShort = isByValue && values !== undefined && values.size <= shownMax;
    const what = isShort ? [...values].map(quoted).join(' or ') : choice(possible);
    return name === undefined ? what : `\`${name}\` (${what})`;
  };
  return [shown(left), shown(right)];
}

/** The start of a sentence about a value that has a name. */
export function subjectOf({ name }: ValueType): string {
  return name === undefined ? '' : `\`${name}\` `;
}

export function choice(types: readonly ExpressionType[]): string {
  return types.map((type) => (type === 'any' ? 'anything' : words[type])).join(' or ');
}
