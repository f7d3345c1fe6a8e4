import { MarketFields } from '../../../src/api';
import type { MarketChange, MarketEntity } from '../../../src/market';
import type { MarketEdit } from '../../../src/replay';
import { MarketEdits, parseEdit } from '../../../src/replay';
import { bid, campaign, target, usd } from '../market/fixtures';

const fields = new MarketFields();
const fieldsOf = (entity: string): readonly string[] | undefined => fields.of(entity);
const editsOf = (...edits: MarketEdit[]): MarketEdits =>
  new MarketEdits(edits, (entity, values, whole) => fields.check(entity, values, whole));
const parsed = (...texts: string[]): MarketEdits =>
  editsOf(...texts.map((text) => parseEdit(text, fieldsOf)));
const upsert = (entity: MarketEntity, value: unknown): MarketChange =>
  ({ entity, op: 'upsert', value }) as MarketChange;
const valueOf = (change: MarketChange | undefined): unknown =>
  change?.op === 'upsert' ? change.value : change;

test.each([
  ['campaign.solar.reservePrice=5000000', 'campaign', 'solar', { reservePrice: 5_000_000 }],
  ['campaign.solar.margin.minimum=2', 'campaign', 'solar', { 'margin.minimum': 2 }],
  ['campaign.solar.name=Sun = Day', 'campaign', 'solar', { name: 'Sun = Day' }],
  ['campaign.solar.name="5"', 'campaign', 'solar', { name: '5' }],
  ['bid.a.b.priority.caps.connections.day=10', 'bid', 'a.b.priority', { 'caps.connections.day': 10 }],
  ['target.desk.settings=null', 'target', 'desk', { settings: null }],
  ['bid.x.targeting={"states":["NY"]}', 'bid', 'x', { targeting: { states: ['NY'] } }],
])('%s is read', (text, entity, id, set) => {
  expect(parseEdit(text, fieldsOf)).toEqual({ entity, id, set });
});

test.each([
  ['campaign.solar.reservePrice', 'must look like'],
  ['campaign.reservePrice=1', 'must look like'],
  ['=1', 'must look like'],
  ['planet.mars.name=1', 'no kind of entity called planet'],
  ['quality.bid.rings=1', 'no kind of entity called quality'],
  ['__proto__.x.name=1', 'no kind of entity called __proto__'],
  ['campaign.solar.price=1', 'a campaign has name, status'],
  [`campaign.x.margin${'.a'.repeat(20)}=1`, 'nested too deep'],
])('%s is not: %s', (text, why) => expect(() => parseEdit(text, fieldsOf)).toThrow(why));

test('fields are changed, the rest of the entity and other entities stay', () => {
  const edits = parsed(
    'campaign.campaign.margin.minimum=7',
    'campaign.campaign.reservePrice=8',
    'campaign.other.name=No',
  );
  const value = campaign({ margin: { percentBp: 100 } });
  expect(valueOf(edits.alter(upsert('campaign', value)))).toEqual({
    ...value,
    reservePrice: 8,
    margin: { percentBp: 100, minimum: 7 },
  });
  const another = upsert('campaign', campaign({ id: 'third' }));
  expect(edits.alter(another)).toBe(another);
  expect(edits.unmet).toEqual(['campaign/other']);
});

test('null takes a field away', () => {
  const value = campaign({ compliance: { minAttestation: 'A', contactsPerDay: 2 } });
  const edits = parsed('campaign.campaign.compliance.minAttestation=null', 'target.target.settings=null');
  expect(valueOf(edits.alter(upsert('campaign', value)))).toMatchObject({
    compliance: { contactsPerDay: 2 },
  });
  const changed = valueOf(edits.alter(upsert('target', target({ settings: { ringTimeoutMs: 9_000 } }))));
  expect(changed).toMatchObject({ settings: undefined });
});

test('the price of a bid that may convert otherwise is an estimate: its plan stays', () => {
  const when = { kind: 'postback', anyOf: ['sale'] } as const;
  const conversions = [{ when, plan: { kind: 'per_call', amount: usd(90), afterMs: 0 } }] as const;
  const value = bid({ price: usd(10), conversions });
  expect(valueOf(parsed('bid.bid.price=12000000').alter(upsert('bid', value)))).toEqual({
    ...value,
    price: usd(12),
  });
});

test('whoever changes the price of a per-call bid changes what it pays, and the other way round', () => {
  const value = upsert('bid', bid({ price: usd(10) }));
  expect(valueOf(parsed('bid.bid.price=12000000').alter(value))).toMatchObject({
    price: usd(12),
    plan: { kind: 'per_call', amount: usd(12), afterMs: 0 },
  });
  expect(valueOf(parsed('bid.bid.plan.amount=13000000').alter(value))).toMatchObject({ price: usd(13) });
});

test.each([
  ['campaign.campaign.reservePrice=-1', 'campaign.reservePrice'],
  ['campaign.campaign.margin.minimum=soon', 'campaign.margin.minimum'],
  ['campaign.campaign.margin.minimal=1', 'campaign.margin'],
  ['campaign.campaign.name=null', 'campaign.name'],
  ['campaign.campaign.routing=chance', 'campaign.routing'],
])('%s is refused for %s', (text, path) => {
  expect(() => parsed(text).alter(upsert('campaign', campaign()))).toThrow(path);
});

test('an entity is taken away, and what was never there is added, whatever becomes of one of its name', () => {
  const price = usd(15);
  const added = { campaignId: 'campaign', buyerId: 'buyer', targetId: 'target', price };
  const edits = editsOf(
    { entity: 'bid', id: 'bid', remove: true },
    { entity: 'bid', id: 'new', add: { ...added, plan: { kind: 'per_call', amount: price, afterMs: 0 } } },
  );
  expect(edits.alter(upsert('bid', bid()))).toEqual({ entity: 'bid', op: 'remove', id: 'bid' });
  expect(edits.added).toMatchObject([
    { entity: 'bid', op: 'upsert', value: { id: 'new', price, weight: 1, fallback: false, modifiers: [] } },
  ]);
  expect(edits.alter({ entity: 'bid', op: 'remove', id: 'new' })).toBeUndefined();
  expect(edits.alter({ entity: 'bid', op: 'remove', id: 'other' })).toBeDefined();
  expect(edits.unmet).toEqual([]);
  expect(() => editsOf({ entity: 'bid', id: 'new', add: { campaignId: 'campaign' } }).added).toThrow('bid.');
  expect(editsOf({ entity: 'seller', id: 'seller-account', add: {} }).added).toMatchObject([
    { value: { id: 'seller-account', claims: [] } },
  ]);
});
