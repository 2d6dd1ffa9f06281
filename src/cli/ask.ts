/** Asks whoever sits at the terminal, and takes only a clear yes for one. */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { CommandError } from './exit.ts';
import { shown, terminal } from './terminal.ts';

/** Whether the answer is yes. Throws where nobody is there to answer. */
export async function isConfirmed(question: string): Promise<boolean> {
  const { stdin, stderr } = terminal();
  if (stdin?.isTTY !== true) {
    throw new CommandError(
      'nobody is there to be asked: the input is no terminal',
      'give `--yes`, once somebody has read what there is to be read',
    );
  }
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    // Ctrl-C is no answer either.
    const answered = lines.question(`${shown(question)} [y/N] `).catch(() => '');
    // An input that ends is none, and would be waited for without end.
    const answer = await Promise.race([answered, once(lines, 'close').then(() => '')]);
    return /^(?:y|yes)$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
