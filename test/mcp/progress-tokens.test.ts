/** Tokens of the gateway's own: each is good for one request, while it runs, and for nobody else's. */
import { expect, test } from 'vitest';
import { ProgressTokens } from '../../src/enforce/mcp/protocol/progress-tokens.ts';

interface Asked {
  readonly _meta: { readonly progressToken: unknown };
}

const related = 'io.modelcontextprotocol/related-task';

/** A request that runs until `answer` is called, and what it heard. */
function running(tokens: ProgressTokens, given: object = {}) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const heard: object[] = [];
  let token: unknown;
  const done = tokens.during(
    { ...given },
    (said) => void heard.push(said),
    async (params) => {
      ({ progressToken: token } = (params as Asked)._meta);
      return promise;
    },
  );
  const tell = (progressToken: unknown, more: object = {}): void =>
    tokens.tell({ params: { progressToken, progress: 1, ...more } });
  return { heard, done, answer: () => resolve('answered'), tell, token: () => token };
}

test('what is told under its token is heard while a request runs, and no longer', async () => {
  const one = running(new ProgressTokens());
  one.tell(one.token());
  expect(one.heard).toEqual([{ progress: 1 }]);
  one.answer();
  expect(await one.done).toBe('answered');
  one.tell(one.token());
  expect(one.heard).toHaveLength(1);
});

test('of requests at once each hears its own, and a token that was not given is nobody’s', () => {
  const tokens = new ProgressTokens();
  const [one, other] = [running(tokens), running(tokens)];
  expect(one.token()).not.toBe(other.token());
  other.tell(other.token());
  for (const token of [99, String(one.token()), undefined, null]) one.tell(token);
  expect([one.heard, other.heard]).toEqual([[], [{ progress: 1 }]]);
});

test('its token takes the place of the one that came with the request, and its names stay behind', () => {
  const one = running(new ProgressTokens(), { _meta: { progressToken: 'theirs', kept: true } });
  expect(one.token()).not.toBe('theirs');
  one.tell(one.token(), { _meta: { [related]: { taskId: 'of the server' }, said: true } });
  expect(JSON.stringify(one.heard)).not.toContain('of the server');
});
