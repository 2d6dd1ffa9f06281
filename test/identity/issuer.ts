/** An issuer of tokens for tests: real keys, real signatures, and a real server that publishes a key set. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Algorithm = 'ES256' | 'RS256' | 'PS256' | 'Ed25519';

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly secret: KeyObject;
  readonly public: KeyObject;
  /** As a key set publishes it. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function signingKey(kid: string, algorithm: Algorithm = 'ES256'): SigningKey {
  const pair = keyPair(algorithm);
  return {
    kid,
    algorithm,
    secret: pair.privateKey,
    public: pair.publicKey,
    jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' },
  };
}

function keyPair(algorithm: Algorithm): {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
} {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (algorithm === 'Ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

export function base64url(text: string | Buffer): string {
  return Buffer.from(text).toString('base64url');
}

/** Header and claims are texts where a test wants what `JSON.stringify` would not write. */
export type Part = string | Buffer | Readonly<Record<string, unknown>>;

/** A token with any header, however wrong, and the signature that `key` makes over it. */
export function signed(key: SigningKey, claims: Part, header?: Part): string {
  const named = header ?? { alg: key.algorithm, kid: key.kid, typ: 'JWT' };
  const input = [named, claims]
    .map((part) =>
      base64url(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)),
    )
    .join('.');
  return `${input}.${base64url(signatureOver(input, key))}`;
}

function signatureOver(input: string, { algorithm, secret }: SigningKey): Buffer {
  const data = Buffer.from(input);
  if (algorithm === 'ES256')
    return sign('sha256', data, { key: secret, dsaEncoding: 'ieee-p1363' });
  if (algorithm === 'Ed25519') return sign(null, data, secret);
  if (algorithm === 'RS256') return sign('sha256', data, secret);
  const padding = 6; // RSA_PKCS1_PSS_PADDING
  return sign('sha256', data, { key: secret, padding, saltLength: 32 });
}

/** A server on this machine. `answer` may be replaced; `paths` are the requests so far. */
export class KeyServer {
  readonly paths: string[] = [];
  keys: readonly unknown[] = [];
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => {
    response.setHeader('content-type', 'application/jwk-set+json');
    response.end(JSON.stringify({ keys: this.keys }));
  };
  readonly #server = createServer((request, response) => {
    this.paths.push(request.url ?? '');
    this.answer(request, response);
  });

  static async start(...keys: readonly SigningKey[]): Promise<KeyServer> {
    const server = new KeyServer();
    server.publish(...keys);
    await server.listen(0);
    return server;
  }

  publish(...keys: readonly SigningKey[]): void {
    this.keys = keys.map(({ jwk }) => jwk);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.#server.closeAllConnections();
    await closed;
  }
}
