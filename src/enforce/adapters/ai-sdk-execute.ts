/** A tool of the AI SDK with other code, and everything else as it was, whatever the tool is made of. */
import type { ToolExecutionOptions } from 'ai';

export type Execute = (input: unknown, options: ToolExecutionOptions<unknown>) => unknown;

/**
 * The same tool with other code, frozen or not. What it has of its class works on the tool itself: only that
 * has the private members that methods and accessors may use.
 */
export function withExecute(tool: object, execute: Execute): object {
  const execution = { value: execute, enumerable: true, configurable: true, writable: true };
  const own = { ...Object.getOwnPropertyDescriptors(tool), execute: execution };
  const prototype = Object.getPrototypeOf(tool) as object | null;
  return Object.create(prototype, { ...ofItsClass(tool), ...own }) as object;
}

/** Of the nearest class first: what one above it has under the same name is not the tool's. */
function ofItsClass(tool: object): PropertyDescriptorMap {
  const members: PropertyDescriptorMap = {};
  for (let each = classOf(tool); each !== undefined; each = classOf(each)) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      if (name === 'constructor' || Object.hasOwn(members, name)) continue;
      const value: unknown = Reflect.get(tool, name);
      const isMethod = 'value' in member && typeof value === 'function';
      members[name] = { value: isMethod ? (value.bind(tool) as unknown) : value };
    }
  }
  return members;
}

/** What a value's class gives it; undefined where that is nothing but what all objects have. */
function classOf(value: object): object | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null ? undefined : prototype;
}
