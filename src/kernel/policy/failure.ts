/**
 * What an expression is when it cannot be evaluated. A value among others, so that nothing is thrown, and
 * made when a condition is compiled wherever its text is known by then.
 */
export class Failure {
  readonly error: string;

  constructor(error: string) {
    this.error = error;
  }
}
