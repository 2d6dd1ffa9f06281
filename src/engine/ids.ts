/** The engine's source of randomness: ids, salts and secrets. Injected, so that simulations can replay. */
import { randomBytes, randomFillSync } from 'node:crypto';

export interface Ids {
  /** A unique id, RFC 9562 UUIDv7. Order entries by index, never by id. */
  next(now: number): string;
  /** 16 random bytes, hex: the salt of one commitment. */
  salt(): string;
  /** 32 random bytes, hex: the secret of one session. */
  secret(): string;
}

const pool = Buffer.alloc(8_192);
let used = pool.length;

/** Random bytes from a pool: a system call for every salt would cost more than the hash it is for. */
function pooledHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString('hex', used, used + bytes);
  pool.fill(0, used, used + bytes);
  used += bytes;
  return text;
}

export const systemIds: Ids = {
  next(now) {
    const time = Math.max(0, now).toString(16).padStart(12, '0').slice(-12);
    const random = pooledHex(10);
    const variant = '89ab'[Number.parseInt(random[3] ?? '0', 16) & 3] ?? '8';
    return (
      `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-` +
      `${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`
    );
  },
  salt: () => pooledHex(16),
  secret: () => randomBytes(32).toString('hex'),
};
