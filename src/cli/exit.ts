/** How a command ends: three exit codes, and the one kind of error that people are meant to read. */

/** The same for every command; `--help` of each says what they mean there. */
export const exitCodes = {
  /** It did what it was asked, and the answer is good. */
  ok: 0,
  /** It did what it was asked, and the answer is bad: a log does not hold, the control plane refuses. */
  bad: 1,
  /** It could not do what it was asked: usage, a file that cannot be read. */
  unable: 2,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A problem that the reader can act on: one sentence, and what would help. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly help: string | undefined;
  readonly exitCode: ExitCode;

  constructor(
    message: string,
    help?: string,
    options: ErrorOptions & { readonly exitCode?: ExitCode } = {},
  ) {
    super(message, options);
    this.help = help;
    this.exitCode = options.exitCode ?? exitCodes.unable;
  }
}

/** The message of whatever was thrown. */
export function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
