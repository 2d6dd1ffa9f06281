/** Prints one session. */
import { quoted, type SessionRecord } from '../../kernel/index.ts';
import { CommandError } from '../exit.ts';
import { withLogFile } from '../log-file.ts';
import { colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { timeText } from '../time-text.ts';
import { sessionBudgets, sessionJson, usedText } from './session-facts.ts';
import type { LogOptions } from '../store-options.ts';

export interface ShowSessionOptions extends LogOptions {
  readonly json?: true;
}

export function showSession(file: string, id: string, options: ShowSessionOptions): Promise<void> {
  const { json } = options;
  return withLogFile(file, options, async ({ storage }) => {
    const { records } = await storage.readRecords([{ kind: 'session', key: id.toWellFormed() }]);
    const [record] = records;
    if (record === undefined) {
      throw new CommandError(`there is no session ${quoted(id)}`, 'see `sessions list`');
    }
    const session = JSON.parse(record.value) as SessionRecord;
    const budgets = await sessionBudgets(storage, session);
    const { ancestors = [], delegation, pendingTickets } = session;
    if (json === true) {
      const more = { ancestors, delegation: delegation ?? null, tickets: pendingTickets };
      return print(jsonLine({ ...sessionJson(session, budgets), ...more }));
    }
    const colors = colorsFor(terminal().stdout);
    const used = budgets.map(usedText).join(', ') || 'no limits';
    for (const [name, text] of [...factsOf(session), ['used/limit', used] as const]) {
      await print(`${colors.dim(name.padEnd(12))} ${shown(text)}`);
    }
  });
}

function factsOf(session: SessionRecord): readonly (readonly [string, string])[] {
  const { ancestors = [], delegation, pendingTickets, history } = session;
  return [
    ['session', session.id],
    ['agent', session.agent],
    ['principal', `${session.org}/${session.principal}`],
    ['mode', session.mode],
    ['status', session.status],
    ['opened', `${timeText(session.openedAt)}, entry ${session.openedIndex}`],
    ['entries', String(session.sequence)],
    ['open permits', String(session.openPermits)],
    ['tickets', pendingTickets.join(', ') || 'none is pending'],
    ['on behalf of', ancestors.join(', ') || 'nobody'],
    ...(delegation === undefined ? [] : [['given', JSON.stringify(delegation)] as const]),
    ['labels', history.labels.join(', ') || 'none'],
  ];
}
