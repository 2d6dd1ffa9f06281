/** Tokens that say whose they are and when they end: `ada.1767225600000`. */
import type { Authenticator } from '../../src/identity/authenticator.ts';

export function datedTokens(): Authenticator {
  return {
    name: 'dated',
    authenticate: async (token) => {
      const [name = '', expiresAt] = token.split('.');
      return { id: `user:${name}`, org: 'acme', roles: ['agent'], expiresAt: Number(expiresAt) };
    },
  };
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
