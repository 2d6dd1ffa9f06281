/** Who waits for the sequencer is answered, whatever stands before him. */
import { expect, test } from 'vitest';
import type { Command } from '../../kernel/index.ts';
import { memory } from '../../storage/memory.ts';
import { type Storage, StorageError } from '../../storage/storage.ts';
import { systemClock } from '../clock.ts';
import { Replica } from './replica.ts';
import { Sequencer } from './sequencer.ts';

const by = { id: 'ada', org: 'acme', roles: ['platform-admin'], via: 'configuration' };

function registering(name: string): Command {
  const agent = { org: '*', name, version: '1', capabilities: [{ actions: ['**'] }] };
  return { kind: 'register-agent', id: `register ${name}`, by, agent };
}

/** A store that refuses appends while it is told to. */
function refusing(inner: Storage): { readonly storage: Storage; refuses: boolean } {
  const faulty = { storage: inner, refuses: false };
  const append: Storage['append'] = async (batch) => {
    if (faulty.refuses) throw new StorageError('io', 'the disk is gone');
    return inner.append(batch);
  };
  faulty.storage = new Proxy(inner, {
    get: (target, name) => {
      if (name === 'append') return append;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  return faulty;
}

test('a command that is sent again at once, while a kill cannot be written, is answered', async () => {
  const store = refusing(memory());
  const { storage } = store;
  const replica = await Replica.open(storage, 'main');
  const onEvents = () => {};
  const place = { log: 'main', storage, replica };
  const options = { ...place, clock: systemClock, pollMs: 250, sender: 'one', onEvents };
  const sequencer = new Sequencer(options);
  const submit = (name: string) => sequencer.submit({ command: registering(name), contents: [] });
  sequencer.journal({ command: registering('kept'), contents: [] });
  store.refuses = true;
  const answers: string[] = [];
  await submit('first').catch(() => {
    store.refuses = false;
    void submit('again').then(({ answer }) => answers.push(answer.status));
  });
  // It waits for all that was sent before, and for nothing else.
  await sequencer.close();
  expect(answers).toEqual(['done']);
  expect(sequencer.unwritten).toBe(false);
});
