/** The agents of sessions: those of sessions met lately are kept, others are looked up. */
import type { SessionRecord } from '../../kernel/index.ts';
import type { Storage } from '../../storage/storage.ts';

const agentsMax = 10_000;

export class SessionAgents {
  readonly #storage: Storage;
  readonly #bySession = new Map<string, string>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  put(session: string, agent: string): void {
    this.#bySession.set(session, agent);
    if (this.#bySession.size <= agentsMax) return;
    for (const oldest of this.#bySession.keys()) {
      this.#bySession.delete(oldest);
      return;
    }
  }

  async of(session: string): Promise<string> {
    const known = this.#bySession.get(session);
    if (known !== undefined) return known;
    const { records } = await this.#storage.readRecords([{ kind: 'session', key: session }]);
    const [record] = records;
    const agent = record === undefined ? '' : (JSON.parse(record.value) as SessionRecord).agent;
    this.put(session, agent);
    return agent;
  }
}
