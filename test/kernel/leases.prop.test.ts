/**
 * Leases and locks under random workers: one holder at a time, fences that only grow, nothing started by a
 * stale worker, and never two open permits of a locked action on one resource.
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogEntry } from './kernel-world.ts';
import { assertHolds } from './sampling.ts';
import { cast, policyDocument, Stage } from './stage.ts';

const verbs = ['acquire', 'renew', 'release', 'expire', 'call', 'end', 'tick', 'resume'] as const;
const step = fc.tuple(fc.constantFrom(...verbs), fc.nat(2), fc.nat(2), fc.nat(2));
const sequences = fc.tuple(
  fc.constantFrom('abort', 'pause', 'alert'),
  fc.array(step, { maxLength: 60, size: 'max' }),
);

/** A worker's memory: the fence it got last in each session, whether it still holds it or not. */
type Worker = Map<string, number>;

/** What the log said so far, counted without the kernel. */
class Watched {
  readonly #fences = new Map<string, number>();
  readonly #owners = new Map<string, string>();
  readonly #ends = new Map<string, number>();
  readonly #open = new Map<string, string>();

  see({ event, at, command }: LogEntry, stage: Stage): void {
    const session = event.session ?? '';
    const known = this.#fences.get(session) ?? 0;
    const end = this.#ends.get(session) ?? 0;
    if (event.type === 'lease-acquired') {
      const { owner, fence, expiresAt } = event.data;
      assert.ok(fence > known, 'a fence does not grow');
      // One who holds it may take it anew; nobody else may before it ended.
      assert.ok(at >= end || this.#owners.get(session) === owner, 'two hold one lease');
      this.#owners.set(session, owner);
      this.#fences.set(session, fence);
      this.#ends.set(session, expiresAt);
    } else if (event.type === 'lease-renewed') {
      assert.ok(at < end && event.data.fence === known, 'a lease that ran out is renewed');
      this.#ends.set(session, event.data.expiresAt);
    } else if (event.type === 'lease-released') {
      this.#ends.set(session, 0);
    } else if (event.type === 'lease-expired') {
      assert.ok(at >= end, 'a lease expires in its time');
    } else if (event.type === 'action-decided' && event.data.permit !== 'none') {
      const { decision, resource } = event.data;
      assert.ok(![...this.#open.values()].includes(resource), 'two work on one resource');
      this.#open.set(decision, resource);
      const fence = 'fence' in command ? command.fence : undefined;
      const mayAct =
        fence === undefined
          ? ['released', undefined].includes(stage.get('lease', session)?.status)
          : fence === known && at < end;
      assert.ok(mayAct, 'a stale worker acts');
    } else if (event.type.startsWith('permit-') && 'permit' in event.data) {
      if (event.type !== 'permit-started') this.#open.delete(event.data.permit);
    }
  }
}

test('one holder, growing fences, no stale worker acts, and one open permit on a locked resource', () => {
  const seen = new Set<string>();
  assertHolds(sequences, 200, ([onStuck, sequence]) => {
    const locks = [{ actions: ['pay.send'], mode: 'exclusive' as const }];
    const leases = { onStuck: onStuck as 'pause' };
    const stage = Stage.ready(policyDocument(1, { locks, leases }));
    const sessions = [
      stage.open({ budget: {} }),
      stage.open({ budget: {} }),
      stage.open({ budget: {} }),
    ];
    const workers: readonly Worker[] = [new Map(), new Map(), new Map()];
    const watched = new Watched();
    stage.watch = (entry) => watched.see(entry, stage);
    for (const [verb, a, b, c] of sequence) {
      const session = sessions[a] ?? '';
      const owner = `owner-${b}`;
      const worker = workers[b];
      const fence = worker?.get(session);
      const result = ((): string => {
        switch (verb) {
          case 'acquire':
            return stage.acquire(session, owner);
          case 'renew':
          case 'release':
            return stage.hold(verb, session, { owner, fence: fence ?? c });
          case 'expire':
            return stage.expireLease(session);
          case 'call': {
            const args = { to: `account-${c}`, amount: '1' };
            const fenced = fence === undefined ? {} : { fence };
            return stage.authorize({ session, tool: 'pay', args, start: b === 0, ...fenced });
          }
          case 'end': {
            const open = stage.all('decision').filter(({ permit }) => permit === 'started');
            return stage.settle(open[c]?.id ?? 'none');
          }
          case 'resume':
            return stage.transition(session, 'resume', cast.olga);
          case 'tick':
            stage.now += [1_000, 10_000, 30_000][c] ?? 0;
            return 'done';
        }
      })();
      seen.add(`${verb} ${result}`);
      const got = stage.get('lease', session);
      if (verb === 'acquire' && result === 'done' && got) worker?.set(session, got.fence);
    }
    stage.assertFoldsToItself();
  });
  // The workers met all that there is to meet.
  for (const each of [
    'acquire lease-held',
    'renew lease-lost',
    'expire done',
    'expire not-due',
    'call allow',
    'call deny lease-lost',
    'call deny resource-locked',
  ]) {
    expect(seen).toContain(each);
  }
});
