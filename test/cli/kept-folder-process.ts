/** A process of its own with a temporary folder that cannot be taken away, as where a thread still writes into it. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { temporaryFolder } from '../../src/cli/temporary-folder.ts';

fs.rmSync = () => {
  throw Object.assign(new Error('directory not empty'), { code: 'ENOTEMPTY' });
};
syncBuiltinESMExports();
temporaryFolder('kept-');
process.stdout.write('ready\n');
setInterval(() => {}, 60_000);
