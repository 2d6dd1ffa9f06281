/**
 * Says where in a JSON value something is, in the form `$.a[0].b`, for error messages.
 *
 * A path is text for people. Names that are not plain identifiers are quoted, and long ones are
 * cut, so that a hostile key can neither forge a path nor flood a message.
 */

export type JsonPathStep = string | number;

const nameLengthMax = 64;
const plainName = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;

export function jsonPath(steps: readonly JsonPathStep[]): string {
  let path = '$';
  for (const step of steps) path += typeof step === 'number' ? `[${step}]` : memberPath(step);
  return path;
}

function memberPath(name: string): string {
  const short = name.length > nameLengthMax ? `${name.slice(0, nameLengthMax)}…` : name;
  return plainName.test(short) ? `.${short}` : `[${JSON.stringify(short)}]`;
}
