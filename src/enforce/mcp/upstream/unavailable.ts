/** Why a server cannot be asked now. */

/** The server is not there now: nothing was sent to it. */
export class UpstreamUnavailable extends Error {
  override readonly name = 'UpstreamUnavailable';

  constructor(server: string, problem: string) {
    super(`the server \`${server}\` cannot be reached: ${problem}`);
  }
}
