/**
 * Writes `prices/starting-catalogue.json` from the prices of the package that is installed, and says on
 * standard error what is not in it. The version goes up where the models are not what they were.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkCatalogue } from '../src/kernel/index.ts';
import { startingModels } from './starting-catalogue.ts';

const root = resolve(import.meta.dirname, '..');
const path = join(root, 'prices', 'starting-catalogue.json');

const { models, notes } = startingModels();
const before = existsSync(path)
  ? (JSON.parse(readFileSync(path, 'utf8')) as {
      readonly version: number;
      readonly models: object;
    })
  : { version: 0, models: {} };
const isSame = JSON.stringify(before.models) === JSON.stringify(models);
const version = isSame ? before.version : before.version + 1;
const check = checkCatalogue({ format: 1, version, currency: 'USD', models });
if ('findings' in check) throw new Error(JSON.stringify(check.findings, null, 2));
writeFileSync(path, `${JSON.stringify(check.document, null, 2)}\n`);
spawnSync(join(root, 'node_modules', '.bin', 'oxfmt'), ['--write', path], { stdio: 'inherit' });
const licence = join(root, 'node_modules', '@pydantic', 'genai-prices', 'LICENSE');
copyFileSync(licence, join(root, 'prices', 'LICENSE-genai-prices'));
for (const note of notes) console.error(note);
console.error(`version ${version}: ${Object.keys(models).length} models`);
