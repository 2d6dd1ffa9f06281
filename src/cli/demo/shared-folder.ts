/** The folder that the MCP server of the second act serves, and what is to be seen in it afterwards. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The one folder, below the served one, in which letters are written. */
export const lettersFolder = 'letters';

const letters = `${lettersFolder}/to-send.txt`;
const lastLine = '-- end --';
const termsText = 'Returns are free within 30 days.\n';

export class SharedFolder {
  readonly path: string;

  /** Makes the folder and its files. `path` must not be there. */
  constructor(path: string) {
    this.path = path;
    for (const folder of ['inbox', lettersFolder]) {
      mkdirSync(join(path, folder), { recursive: true });
    }
    writeFileSync(join(path, 'inbox', 'o-1001.txt'), 'When does my money come? Grace\n');
    writeFileSync(join(path, 'terms.txt'), termsText);
    writeFileSync(join(path, letters), `${lastLine}\n`);
  }

  /** A file that the server would write, and that the agent has no business with. */
  get isTermsUntouched(): boolean {
    return readFileSync(join(this.path, 'terms.txt'), 'utf8') === termsText;
  }

  /** A letter that was written twice is there twice: the file itself tells how often the call ran. */
  get letters(): readonly string[] {
    const lines = readFileSync(join(this.path, letters), 'utf8').split('\n');
    return lines.filter((line) => line !== '' && line !== lastLine);
  }
}
