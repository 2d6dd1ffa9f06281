/** Work under one name is done one after the other, whatever became of the last; under others, at once. */
export class InTurn {
  readonly #last = new Map<string, Promise<void>>();

  do(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const done = before.catch(() => {}).then(work);
    this.#last.set(name, done);
    const forget = (): void => {
      if (this.#last.get(name) === done) this.#last.delete(name);
    };
    done.then(forget, forget);
    return done;
  }
}
