import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { bidReplySchema, bidRequestSchema, confirmReplySchema } from '../../../src/rtb';
import { bidRequest } from '../../../src/rtb/write-request';
import { bid, call, plan, planned } from './fixtures';

const FILE = join(__dirname, '../../../docs/rtb.schema.json');
const PAGE = join(__dirname, '../../../docs/rtb.md');

const schemas = { bidRequest: bidRequestSchema, bidReply: bidReplySchema, confirmReply: confirmReplySchema };

/** What the document must be: JSON Schema 2020-12, from the schemas that are used. */
function document(): unknown {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Live bidding: what goes to buyers, and what they answer',
    $defs: Object.fromEntries(
      Object.entries(schemas).map(([name, schema]) => {
        const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
        return [name, rest];
      }),
    ),
  };
}

test('the schema that buyers read is the one that is used', () => {
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(JSON.parse(JSON.stringify(document())));
});

test('what is sent keeps to it, whatever is known of the call', () => {
  const facts = { plan: plan([bid('a')]), expirySeconds: 30 };
  const one = planned(bid('a'));
  for (const of of [
    call(),
    { ...call({ from: undefined, attestation: undefined, tags: {} }), state: undefined },
  ]) {
    expect(() =>
      z
        .strictObject(bidRequestSchema.shape)
        .parse(bidRequest({ ...facts, call: of }, one, 'x', 100, undefined)),
    ).not.toThrow();
  }
});

test('the examples of the page are what it says they are', () => {
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/```json\n([\s\S]*?)```/g)].map(
    ([, text = '']) => text,
  );
  expect(blocks.length).toBeGreaterThanOrEqual(6);
  const [request, reply] = blocks.map((text) =>
    text.split(/\n(?=\{)/).map((one) => JSON.parse(one) as unknown),
  );
  expect(bidRequestSchema.parse(request?.[0])).toEqual(request?.[0]);
  expect(bidReplySchema.parse(reply?.[0])).toEqual(reply?.[0]);
});
