/**
 * Resources that a rule or a check names and none of its actions may touch: it never matches there, and most
 * often that is a misspelling.
 */
import type { MatchDocument, PolicyDocument } from '../kernel/index.ts';
import { actionsNamed } from './pattern-inclusion.ts';
import { patternsMeet } from './pattern-meeting.ts';

export interface Unmet {
  readonly path: string;
  readonly message: string;
}

/** Places of two patterns that are compared at the cost of one other comparison. */
const placesOfOne = 64;

export class UnmetResources {
  readonly #actions: PolicyDocument['actions'];
  readonly #declared: readonly string[];
  readonly #known = new Map<string, boolean>();
  /** Comparisons so far. */
  work = 0;

  constructor({ actions }: PolicyDocument) {
    this.#actions = actions;
    this.#declared = Object.keys(actions);
  }

  /** What is unmet of a match at a path: all that it names, or some of a list. */
  in(match: MatchDocument | undefined, path: string): readonly Unmet[] {
    const patterns = [match?.resource ?? []].flat();
    const actions = actionsNamed(match?.action, this.#declared);
    const unmet = [...patterns.keys()].filter((position) => {
      const pattern = patterns[position] ?? '';
      return !actions.some((action) => this.#touches(action, pattern));
    });
    if (unmet.length === patterns.length && unmet.length > 0) {
      const message = 'can never match: its resources lie outside those of its actions';
      return [{ path: `${path}.resource`, message }];
    }
    const message = 'can never match: it lies outside the resources of the actions';
    return unmet.map((position) => ({ path: `${path}.resource[${position}]`, message }));
  }

  /** Whether a pattern matches what one of some actions may touch; undefined where one may touch anything. */
  resourcesOf(actions: readonly string[]): ((pattern: string) => boolean) | undefined {
    for (const action of actions) {
      this.work += 1;
      if (this.#actions[action]?.resource === undefined) return undefined;
    }
    return (pattern) => actions.some((action) => this.#touches(action, pattern));
  }

  #touches(action: string, pattern: string): boolean {
    const allowed = this.#actions[action]?.resource;
    this.work += 1;
    if (allowed === undefined) return true;
    const key = `${allowed} ${pattern}`;
    let meets = this.#known.get(key);
    if (meets === undefined) {
      this.work += Math.floor((allowed.length * pattern.length) / placesOfOne);
      meets = patternsMeet(allowed, pattern);
      this.#known.set(key, meets);
    }
    return meets;
  }
}
