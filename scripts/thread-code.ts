/** The code of a thread as text, for where no file can be kept that it could be started from. */
import { basename, dirname } from 'node:path';
import { rolldown } from 'rolldown';

/** A module with all that it imports, as a script. What is Node's it loads by itself. */
export async function threadCode(path: string): Promise<string> {
  // In its own folder, so that the text says nothing of where it was made.
  const bundle = await rolldown({ input: path, platform: 'node', cwd: dirname(path) });
  try {
    const { output } = await bundle.generate({ format: 'cjs', comments: false });
    const [chunk, ...others] = output;
    if (others.length > 0) throw new Error(`the code of ${path} is in more than one piece`);
    // What stack traces call it.
    return `${chunk.code}//# sourceURL=agent-control-plane/${basename(path)}\n`;
  } finally {
    await bundle.close();
  }
}
