#!/usr/bin/env node
/** `npm run scale`: prints the tables of `docs/scale.md`, the same in every run. */
import { tables } from './tables.ts';

process.stdout.write(`${tables().join('\n\n')}\n`);
