/**
 * Which commits notify other processes. A notification wakes every process that listens, and its server
 * process: of many processes that commit all the time, most would do nothing else. What somebody may wait for
 * is told at once; of the rest one commit in `quietMs` is, whichever process made it, and never the last too
 * late: a notification that was left out is made up for unless another came meanwhile.
 */
/** How often routine commits are told of, ms. */
export const quietMs = 50;

export class Bell {
  readonly #ring: () => void;
  /** Runs while somebody told of a commit just now. */
  #quiet: NodeJS.Timeout | undefined;
  /** The size of the newest commit that nobody has told of; 0 for none. */
  #owed = 0;

  /** `ring` notifies of the log as it is when it is called. */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Whether a commit that is about to be made, to a size, tells of itself. */
  tells(size: number, routine: boolean): boolean {
    const isQuiet = this.#quiet !== undefined;
    if (routine && isQuiet) {
      this.#owed = size;
      return false;
    }
    this.heard(size);
    return true;
  }

  /** Somebody told of the log at a size, which can be older than what is owed: this process or another. */
  heard(size: number): void {
    if (size >= this.#owed) this.#owed = 0;
    this.#quiet ??= setTimeout(() => this.#quietIsOver(), quietMs).unref();
  }

  #quietIsOver(): void {
    this.#quiet = undefined;
    if (this.#owed === 0) return;
    this.heard(this.#owed);
    this.#ring();
  }

  close(): void {
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
  }
}
