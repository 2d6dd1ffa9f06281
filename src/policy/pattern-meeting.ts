/** Whether some text matches two patterns at once. The answer is exact: `false` means that there is none. */
import { isLiteral } from '../kernel/index.ts';

/** What a place of a pattern takes: a run (`*`, `**`), any character but a slash (`?`), or one character. */
type Token = string;

export function patternsMeet(left: string, right: string): boolean {
  if (isLiteral(left) && isLiteral(right)) return left === right;
  const [a, b] = [tokensOf(left), tokensOf(right)];
  const width = b.length + 1;
  /** Whether a text can be read up to here by both: one flag for each place of both. */
  const reached = new Uint8Array((a.length + 1) * width);
  reached[0] = 1;
  for (let at = 0; at < reached.length; at += 1) {
    if (reached[at] === 0) continue;
    const one = a[Math.floor(at / width)];
    const other = b[at % width];
    // A run may be empty, and may take what the other pattern takes.
    if (isRun(one)) reached[at + width] = 1;
    if (isRun(other)) reached[at + 1] = 1;
    if (one === undefined || other === undefined || !takeOne(one, other)) continue;
    reached[at + (isRun(one) ? 0 : width) + (isRun(other) ? 0 : 1)] = 1;
  }
  return reached.at(-1) === 1;
}

function tokensOf(pattern: string): readonly Token[] {
  return (pattern.match(/\*+|[^*]/g) ?? []).map((part) => (part.startsWith('**') ? '**' : part));
}

function isRun(token: Token | undefined): boolean {
  return token === '*' || token === '**';
}

/** Whether there is a character that both take. */
function takeOne(one: Token, other: Token): boolean {
  if (one === '**' || other === '**' || one === other) return true;
  const [wild, literal] = isWild(one) ? [one, other] : [other, one];
  return isWild(wild) && (isWild(literal) || literal !== '/');
}

/** All but a slash. */
function isWild(token: Token): boolean {
  return token === '*' || token === '?';
}
