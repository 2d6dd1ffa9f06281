/**
 * A store that remembers its last head in a small file outside of it: what shows after a restart that an
 * older copy of the log was put in place, or another log altogether. A running process notices that by
 * itself.
 *
 * The file is written some time after each commit and not with it: a copy that lacks only the commits of the
 * last moments before a crash can pass.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, open, readlink, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isHash } from '../log/index.ts';
import { StorageError } from './storage.ts';
import type { AppendResult, Batch, Head, RecordKey, RecordQuery } from './storage.ts';
import type { News, Storage, Turns } from './storage.ts';

/**
 * At most this long after a commit the file has it, ms, as long as the process lives and the disk answers.
 */
const writeMs = 1_000;

/** What the file holds: an anchor for `verify`, and the last leaf. */
export interface KnownHead {
  readonly log: string;
  readonly size: number;
  /** RFC 6962 root hash over all entries, hex. */
  readonly root: string;
  /** Leaf hash of the last entry, hex; null for an empty log. */
  readonly leaf: string | null;
}

/**
 * `storage`, which refuses to open with `rolled-back` where the log does not continue the head that the file
 * `path` holds. The file is made where it is missing; several processes of one host may share it. The folder
 * has to outlast the process, and has to be on another disk than the database for both not to be restored
 * together.
 */
export function withHeadFile(storage: Storage, path: string): Storage {
  return new HeadKeeper(storage, resolve(path));
}

/**
 * Undefined where there is no file. Throws `unavailable` for one that cannot be read, `corrupt` for
 * another thing.
 */
export function readHeadFile(path: string): KnownHead | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new StorageError('unavailable', `the head file \`${path}\` cannot be read`, { cause });
  }
  const value = parsed(text);
  if (isKnownHead(value)) return value;
  throw new StorageError(
    'corrupt',
    `\`${path}\` is no head file: it needs log, size, root and leaf`,
  );
}

class HeadKeeper implements Storage {
  readonly #inner: Storage;
  readonly #path: string;
  #log = '';
  #seen: Head | null = null;
  /** The largest size that the file was seen with. */
  #filed = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(inner: Storage, path: string) {
    this.#inner = inner;
    this.#path = path;
  }

  get name(): string {
    return this.#inner.name;
  }

  get durable(): boolean {
    return this.#inner.durable;
  }

  get turns(): Turns | undefined {
    const { turns } = this.#inner;
    if (turns === undefined) return undefined;
    return {
      wanted: turns.wanted,
      kept: turns.kept,
      take: async (from, keys, own) => this.#heard(await turns.take(from, keys, own)),
      leave: () => turns.leave(),
      entrust: async (parcel, query) => {
        const heard = await turns.entrust(parcel, query);
        this.#heard(heard?.news);
        return heard;
      },
      reclaim: (own) => turns.reclaim(own),
    };
  }

  async open(log: string, onAppended?: () => void): Promise<Head> {
    const head = await this.#inner.open(log, onAppended);
    this.#log = log;
    const known = readHeadFile(this.#path);
    if (known !== undefined) await this.#assertContinues(head, known);
    this.#seen = head;
    await this.#write();
    return head;
  }

  async append(batch: Batch): Promise<AppendResult> {
    const result = await this.#inner.append(batch);
    if (result.status === 'appended' && batch.entries.length > 0) this.#saw(batch.head);
    return result;
  }

  async head(): Promise<Head> {
    return this.#saw(await this.#inner.head());
  }

  async readRecords(keys: readonly RecordKey[]) {
    const page = await this.#inner.readRecords(keys);
    this.#saw(page.head);
    return page;
  }

  readEntries(from: number, limit: number) {
    return this.#inner.readEntries(from, limit);
  }

  readContents(from: number, to: number) {
    return this.#inner.readContents(from, to);
  }

  scanRecords(query: RecordQuery) {
    return this.#inner.scanRecords(query);
  }

  async examine(): Promise<string | undefined> {
    return this.#inner.examine?.();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      if (this.#seen !== null) await this.#write();
    } finally {
      await this.#inner.close();
    }
  }

  #heard<T extends News>(news: T | undefined): T | undefined {
    if (news !== undefined) this.#saw(news.head);
    return news;
  }

  #saw(head: Head): Head {
    // Heads can come out of order; a smaller one is no news.
    if (this.#seen === null || head.size <= this.#seen.size) return head;
    this.#seen = head;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write().catch((failure: unknown) => process.emitWarning(String(failure)));
    }, writeMs).unref();
    return head;
  }

  async #assertContinues(head: Head, known: KnownHead): Promise<void> {
    this.#assertSameLog(known);
    if (known.size === 0) return;
    const was = `this host last saw ${known.size} entries (\`${this.#path}\`)`;
    if (head.size < known.size) {
      throw this.#rolledBack(`the log has ${head.size} entries, and ${was}`);
    }
    const [entry] = await this.#inner.readEntries(known.size - 1, 1);
    if (entry?.leaf === known.leaf) return;
    throw this.#rolledBack(`entry ${known.size - 1} is another one, and ${was}`);
  }

  #rolledBack(message: string): StorageError {
    const help =
      'once it is known why, `agent-control-plane accept-restore` accepts the log as it is';
    return new StorageError('rolled-back', `${this.name}: ${message}; ${help}`);
  }

  #assertSameLog({ log }: KnownHead): void {
    if (log === this.#log) return;
    throw new StorageError('rolled-back', `the head file \`${this.#path}\` is of log \`${log}\``);
  }

  /** One after the other, so that the newest is the last. */
  #write(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#writeSeen());
    return this.#writing;
  }

  async #writeSeen(): Promise<void> {
    if (this.#seen === null) return;
    const { size, root, previous: leaf } = this.#seen;
    // Another process may share the file, and have seen more.
    const known = readHeadFile(this.#path);
    if (known !== undefined) this.#assertSameLog(known);
    if (known !== undefined && known.size >= size) return this.#found(known.size);
    if (known !== undefined && (await this.#isRestored(known, this.#seen))) return;
    const text = `${JSON.stringify({ log: this.#log, size, root, leaf } satisfies KnownHead)}\n`;
    try {
      await replaceFile(await linkedFrom(this.#path), text);
      this.#found(size);
    } catch (cause) {
      const message = `the head file \`${this.#path}\` cannot be written`;
      throw new StorageError('unavailable', message, { cause });
    }
  }
  #found(size: number): void {
    this.#filed = Math.max(this.#filed, size);
  }

  /**
   * Whether the file went back, and the log with it: somebody accepted a restore, and with what was seen
   * before it the next start would be refused once more.
   */
  async #isRestored(known: KnownHead, seen: Head): Promise<boolean> {
    if (known.size >= this.#filed) return false;
    try {
      const [entry] = await this.#inner.readEntries(seen.size - 1, 1);
      return entry?.leaf !== seen.previous;
    } catch {
      return false;
    }
  }
}

/**
 * CRASH: the file is the old one or the new one, and its draft may be left in a folder of its own. Not named
 * after the process: in containers all have one id, before a crash and after it, and beside each other.
 */
async function replaceFile(path: string, text: string): Promise<void> {
  const place = await mkdtemp(`${path}.`);
  const draft = join(place, 'draft');
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** A link stays, and the file is where it leads: the other disk may be reached by one. */
async function linkedFrom(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const to = await readlink(path).catch(() => path);
    return resolve(dirname(path), to);
  }
}

/** So that the new name lasts. Windows has no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && failure.code === 'ENOENT';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isKnownHead(value: unknown): value is KnownHead {
  if (typeof value !== 'object' || value === null) return false;
  const { log, size, root, leaf, ...others } = value as Readonly<Record<string, unknown>>;
  if (typeof log !== 'string' || !isHash(root) || Object.keys(others).length > 0) return false;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return false;
  return size === 0 ? leaf === null : isHash(leaf);
}
