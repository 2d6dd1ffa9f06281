/**
 * What an engine has to bring, and how it is set up: requests are put into the engine's own form and
 * policies are parsed before any clock runs, so that only decisions are timed.
 */
import { readFileSync } from 'node:fs';
import { awakeClock } from '../awake.ts';
import type { SamePolicy, SameRequest, SameRequests, SameRule } from './same-policy.ts';

/** `Call` is a request in the engine's own form. */
export interface Engine<Call> {
  readonly name: string;
  readonly encode: (request: SameRequest) => Call;
  /** Parses and compiles; what it returns says whether a call is allowed, and throws on an error. */
  readonly load: (policy: SamePolicy) => Promise<(call: Call) => boolean>;
}

export interface Prepared {
  readonly setupMs: number;
  /** Decides the request with this number. */
  readonly decide: (index: number) => boolean;
}

export interface Peer {
  readonly name: string;
  readonly prepare: (policy: SamePolicy, requests: SameRequests) => Promise<Prepared>;
}

export function peerOf<Call>({ name, encode, load }: Engine<Call>): Peer {
  const prepare = async (policy: SamePolicy, requests: SameRequests): Promise<Prepared> => {
    const clock = await awakeClock();
    let decideCall: ((call: Call) => boolean) | undefined;
    const setupMs = await clock.during(async () => {
      decideCall = await load(policy);
    });
    if (decideCall === undefined) throw new Error(`${name} was not loaded`);
    const loaded = decideCall;
    const calls = requests.all.map(encode);
    const decide = (index: number): boolean => {
      const call = calls[index];
      if (call === undefined) throw new Error(`there is no request ${index}`);
      return loaded(call);
    };
    return { setupMs, decide };
  };
  return { name, prepare };
}

/**
 * The same engine with its rules split by hand, one instance for each action: what casbin's documentation
 * calls sharding, and the fastest that an engine without an index of its own can be made.
 */
export function perAction<Call>(engine: Engine<Call>): Engine<{ action: string; call: Call }> {
  return {
    name: `${engine.name}, split by action`,
    encode: (request) => ({ action: request.action, call: engine.encode(request) }),
    load: async ({ actions, rules }) => {
      const byAction = new Map<string, SameRule[]>(actions.map((action) => [action, []]));
      for (const rule of rules) byAction.get(rule.action)?.push(rule);
      const shards = new Map<string, (call: Call) => boolean>();
      for (const [action, own] of byAction) {
        shards.set(action, await engine.load({ actions: [action], rules: own }));
      }
      return ({ action, call }) => shards.get(action)?.(call) ?? false;
    },
  };
}

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

/** A package's name without its scope, and the version that is pinned. */
export function nameOf(packageName: string): string {
  const version = manifest.dependencies[packageName];
  if (version === undefined) throw new Error(`\`${packageName}\` is no dependency`);
  return `${packageName.replace(/^@[^/]+\//, '')} ${version}`;
}
