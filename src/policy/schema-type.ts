/**
 * What a JSON Schema (2020-12) says of a value: its kinds, what it can be, and what can be in it.
 *
 * Every keyword narrows what is valid, so that one that is not followed here makes the type wider than it
 * could be and never wrong. What cannot be resolved (a reference to elsewhere, one to itself) is unknown.
 */
import {
  anything,
  elementOf,
  type Kind,
  kindOf,
  kinds,
  memberOf,
  nothing,
  type Scalar,
  type ValueType,
} from '../kernel/index.ts';

/** How much may still be looked at; below zero everything is unknown. */
export interface Work {
  left: number;
}

type Members = Readonly<Record<string, unknown>>;

/** Longer lists of values are not compared with. */
const valuesMax = 1_000;
/** References and combinations without a step into the value. */
const chainMax = 64;

/** What cannot be followed. Unlike `anything`, it may have declared whatever is read of it. */
const unknown: ValueType = {
  kinds,
  declared: true,
  member: () => unknown,
  element: () => unknown,
};

const kindsByType: ReadonlyMap<unknown, Kind> = new Map<unknown, Kind>([
  ['string', 'text'],
  ['number', 'number'],
  ['integer', 'number'],
  ['boolean', 'boolean'],
  ['null', 'null'],
  ['array', 'list'],
  ['object', 'map'],
]);

/** Keywords in which properties may be named that are not looked for there. */
const furtherDeclarations = [
  'patternProperties',
  'if',
  'then',
  'else',
  'not',
  'dependentSchemas',
  'dependentRequired',
  'dependencies',
  'propertyNames',
  'unevaluatedProperties',
  '$dynamicRef',
  '$recursiveRef',
];

export function schemaType(schema: object, work: Work): ValueType {
  return new SchemaReader(schema, work).read(schema, []);
}

class SchemaReader {
  readonly #root: object;
  readonly #work: Work;
  /** What was read in full, whatever led there. */
  readonly #known = new Map<object, ValueType>();
  #cuts = 0;

  constructor(root: object, work: Work) {
    this.#root = root;
    this.#work = work;
  }

  /** `chain` holds the schemas that led here for the same value. */
  read(schema: unknown, chain: readonly object[]): ValueType {
    this.#work.left -= 1;
    if (schema === true) return anything;
    if (schema === false) return nothing;
    if (!isObject(schema)) return unknown;
    const known = this.#known.get(schema);
    if (known !== undefined) return known;
    if (this.#work.left < 0 || chain.length >= chainMax || chain.includes(schema)) {
      this.#cuts += 1;
      return unknown;
    }
    // References below an id start from there, and not from the root.
    if (schema !== this.#root && isResource(schema)) return unknown;
    const cuts = this.#cuts;
    const type = this.#follow(schema, chain);
    if (this.#cuts === cuts) this.#known.set(schema, type);
    return type;
  }

  #follow(schema: Members, chain: readonly object[]): ValueType {
    const within = [...chain, schema];
    const branches = (name: string): readonly ValueType[] => {
      const list = schema[name];
      return Array.isArray(list) ? list.map((each) => this.read(each, within)) : [unknown];
    };
    const parts = [typed(schema['type']), this.#members(schema), this.#elements(schema)];
    if (Object.hasOwn(schema, 'const')) parts.push(listed([schema['const']]));
    if (Array.isArray(schema['enum'])) parts.push(listed(schema['enum']));
    if (Object.hasOwn(schema, '$ref')) {
      parts.push(this.read(this.#referred(schema['$ref']), within));
    }
    if (Object.hasOwn(schema, 'allOf')) parts.push(...branches('allOf'));
    for (const name of ['anyOf', 'oneOf']) {
      if (Object.hasOwn(schema, name)) parts.push(oneOf(branches(name), this.#work));
    }
    return allOf(parts, this.#work);
  }

  #members(schema: Members): ValueType {
    const { properties, additionalProperties: additional, required } = schema;
    const isOpen = furtherDeclarations.some((name) => Object.hasOwn(schema, name));
    if (properties === undefined && additional === undefined && !isOpen) return anything;
    if (properties !== undefined && !isObject(properties)) return unknown;
    const isNamed = (name: string): boolean =>
      isOpen || (Array.isArray(required) && required.includes(name));
    const member = remembered((name: string): ValueType => {
      if (properties !== undefined && Object.hasOwn(properties, name)) {
        return declared(this.read(properties[name], []));
      }
      if (Object.hasOwn(schema, 'patternProperties')) return unknown;
      if (additional !== undefined) return declared(this.read(additional, []));
      if (isNamed(name)) return declared(anything);
      return properties === undefined ? anything : { kinds, declared: false };
    });
    return { kinds, member };
  }

  #elements(schema: Members): ValueType {
    const { prefixItems = [], items = true } = schema;
    if (!Array.isArray(prefixItems) || Array.isArray(items)) return unknown;
    if (prefixItems.length === 0 && items === true) return anything;
    const rest = (): ValueType => this.read(items, []);
    const element = remembered((at: number | undefined): ValueType => {
      if (at === undefined) {
        return oneOf([...prefixItems.map((each) => this.read(each, [])), rest()], this.#work);
      }
      return at >= 0 && at < prefixItems.length ? this.read(prefixItems[at], []) : rest();
    });
    return { kinds, element };
  }

  /** What a reference within the document leads to. */
  #referred(reference: unknown): unknown {
    if (typeof reference !== 'string' || !/^#(?:\/[^%]*)?$/.test(reference)) return undefined;
    let found: unknown = this.#root;
    for (const segment of reference.split('/').slice(1)) {
      const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name))
        return undefined;
      if (found !== this.#root && isResource(found)) return undefined;
      found = (found as Members)[name];
    }
    return found;
  }
}

/** Whether references below start from here. `id` may be the name of a property, too, which is no text. */
function isResource(schema: object): boolean {
  const { $id, id } = schema as Members;
  return typeof $id === 'string' || typeof id === 'string';
}

function typed(type: unknown): ValueType {
  if (type === undefined) return anything;
  const known = [type].flat().map((name) => kindsByType.get(name));
  const listedKinds = known.flatMap((kind) => (kind === undefined ? [] : [kind]));
  return listedKinds.length < known.length ? unknown : { kinds: [...new Set(listedKinds)] };
}

function listed(values: readonly unknown[]): ValueType {
  const scalars = values.filter(isScalar);
  const isComplete = scalars.length === values.length && scalars.length <= valuesMax;
  return {
    kinds: [...new Set(values.map(kindOf))],
    values: isComplete ? new Set(scalars) : undefined,
  };
}

function declared(type: ValueType): ValueType {
  return { ...type, declared: true };
}

/** A value that fits all of these types. A member is declared where one of them declares it. */
function allOf(all: readonly ValueType[], work: Work): ValueType {
  const types = all.filter((type) => type !== anything);
  const [first = anything] = types;
  if (types.length < 2) return first;
  const common = kinds.filter((kind) => types.every((type) => type.kinds.includes(kind)));
  const values = commonValues(types, common);
  const part = (select: (type: ValueType) => ValueType | undefined): ValueType => {
    work.left -= types.length;
    return allOf(
      types.map((type) => select(type) ?? anything),
      work,
    );
  };
  const among = new Set(types.map((type) => type.declared));
  return {
    kinds: values === undefined ? common : [...new Set([...values].map(kindOf))],
    values,
    member: remembered((name: string) => part((type) => type.member?.(name))),
    element: remembered((at: number | undefined) => part((type) => type.element?.(at))),
    declared: among.has(true) ? true : among.has(false) ? false : undefined,
  };
}

function commonValues(
  types: readonly ValueType[],
  common: readonly Kind[],
): ReadonlySet<Scalar> | undefined {
  const [first, ...others] = types.flatMap(({ values }) => values ?? []);
  if (first === undefined) return undefined;
  const isCommon = (value: Scalar): boolean =>
    common.includes(kindOf(value)) && others.every((other) => other.has(value));
  return new Set([...first].filter(isCommon));
}

/** A value that fits one of these types. A member is undeclared where all of them could declare it. */
export function oneOf(all: readonly ValueType[], work: Work): ValueType {
  const types = [...new Set(all)].filter((type) => type.kinds.length > 0);
  const [first = nothing] = types;
  if (types.length < 2) return first;
  const part = (kind: Kind, select: (type: ValueType) => ValueType): ValueType => {
    work.left -= types.length;
    return oneOf(types.filter((type) => type.kinds.includes(kind)).map(select), work);
  };
  const among = new Set(types.map((type) => type.declared));
  return {
    kinds: kinds.filter((kind) => types.some((type) => type.kinds.includes(kind))),
    values: allValues(types),
    member: remembered((name: string) => part('map', (type) => memberOf(type, name))),
    element: remembered((at: number | undefined) => part('list', (type) => elementOf(type, at))),
    declared: among.has(true) ? true : among.has(undefined) ? undefined : false,
  };
}

function allValues(types: readonly ValueType[]): ReadonlySet<Scalar> | undefined {
  const values = new Set<Scalar>();
  for (const type of types) {
    if (type.values === undefined) return undefined;
    for (const value of type.values) values.add(value);
    if (values.size > valuesMax) return undefined;
  }
  return values;
}

function remembered<Key>(make: (key: Key) => ValueType): (key: Key) => ValueType {
  let known: Map<Key, ValueType> | undefined;
  return (key) => {
    known ??= new Map();
    const type = known.get(key) ?? make(key);
    known.set(key, type);
    return type;
  };
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value !== 'object';
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
