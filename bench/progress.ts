/** What the bench is doing, for whoever waits: on stderr, since stdout is for the result. */

export function progress(line: string): void {
  const time = new Date().toTimeString().slice(0, 8);
  process.stderr.write(`${time} ${line}\n`);
}

/** Progress lines that open with a name. */
export function progressOf(name: string): (line: string) => void {
  return (line) => progress(`${name}: ${line}`);
}
