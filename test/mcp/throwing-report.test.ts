/** What is told to a host, and how it takes it, is nothing to the clients of a gateway. */
import { afterEach, expect, test } from 'vitest';
import { openGateway } from '../../src/enforce/mcp/index.ts';
import { HttpStage, modernCall } from './http-stage.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const reports: readonly (readonly [string, () => void])[] = [
  [
    'throws',
    () => {
      throw new Error('a bug of the host');
    },
  ],
  ['rejects', () => Promise.reject(new Error('a bug of the host')) as unknown as void],
];

test.each(reports)(
  'a wrong token is refused, and ends no process, where the host’s report %s',
  async (_how, report) => {
    const http = await HttpStage.open();
    closing.push(() => http.close());
    const { plane, config } = http.stage;
    const gateway = await openGateway({ plane, config, report });
    const endpoint = await gateway.listen();
    closing.push(() => endpoint.close());
    const warned: string[] = [];
    const onWarning = ({ message }: Error): void => void warned.push(message);
    process.on('warning', onWarning);
    const { body, headers } = modernCall('liar__echo');
    const answer = await fetch(endpoint.url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { ...headers, 'content-type': 'application/json', authorization: 'Bearer acp_no' },
    });
    expect(answer.status).toBe(401);
    await expect
      .poll(() => warned)
      .toEqual(['`report` of a gateway threw: Error: a bug of the host']);
    process.off('warning', onWarning);
  },
);

test('a gateway’s option that is misspelt is refused: its reports would go nowhere', async () => {
  const http = await HttpStage.open();
  closing.push(() => http.close());
  const { plane, config } = http.stage;
  const options = { plane, config, reporter: () => {} };
  await expect(openGateway(options)).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining('`reporter` is not known') as unknown,
  });
});
