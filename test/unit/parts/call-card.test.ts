import { callCard } from '../../../src/parts/call-card';
import type { CallCardPolicy } from '../../../src/domain';
import { bid, CALLER, marketOf, usd } from '../market/fixtures';

const TAGS = { product: 'solar', zip: '10001', lead: `ani=${CALLER.slice(2)};x` };

function card(
  policy: CallCardPolicy | undefined,
  answered: boolean,
  from: typeof CALLER | undefined = CALLER,
) {
  const sold = bid();
  const market = marketOf([sold], { name: 'Solar', card: policy });
  return callCard(market, { callId: 'c', from, tags: TAGS }, { bidId: sold.id, price: usd(25) }, answered);
}

const BASE = { callId: 'c', campaign: 'Solar', state: 'NY' };

test.each<[CallCardPolicy | undefined, ringing: object, answered: object]>([
  [undefined, {}, { number: CALLER }],
  [{ number: 'ringing', price: false, tags: [] }, { number: CALLER }, { number: CALLER }],
  [{ number: 'answered', price: false, tags: [] }, {}, { number: CALLER }],
  [{ number: 'never', price: false, tags: [] }, {}, {}],
  [
    { number: 'never', price: true, tags: ['product', 'absent', '__proto__'] },
    { price: usd(25), currency: 'USD', tags: { product: 'solar' } },
    { price: usd(25), currency: 'USD', tags: { product: 'solar' } },
  ],
  [
    { number: 'answered', price: false, tags: ['lead', 'zip'] },
    { tags: { zip: '10001' } },
    { number: CALLER, tags: { lead: TAGS.lead, zip: '10001' } },
  ],
])('a campaign that says %p shows what it says, and no more', (policy, ringing, answered) => {
  expect(card(policy, false)).toEqual({ ...BASE, ...ringing });
  expect(card(policy, true)).toEqual({ ...BASE, ...answered });
});

test.each(['ringing', 'answered', 'never'] as const)(
  'a number that is shown %s is nowhere in the card before',
  (number) => {
    const policy = { number, price: true, tags: Object.keys(TAGS) };
    const told = (answered: boolean): boolean =>
      JSON.stringify(card(policy, answered)).includes(CALLER.slice(2));
    expect([told(false), told(true)]).toEqual([number === 'ringing', number !== 'never']);
  },
);

test('a caller without a number has a card all the same', () => {
  expect(card({ number: 'ringing', price: false, tags: ['lead'] }, true, undefined)).toMatchObject({
    callId: 'c',
    tags: { lead: TAGS.lead },
  });
});

test('of a bid that is gone only the state is told, and the number once answered', () => {
  const gone = (answered: boolean) =>
    callCard(
      marketOf([]),
      { callId: 'c', from: CALLER, tags: {} },
      { bidId: 'gone', price: usd(1) },
      answered,
    );
  expect(gone(false)).toEqual({ callId: 'c', campaign: '', state: 'NY' });
  expect(gone(true)).toEqual({ callId: 'c', campaign: '', state: 'NY', number: CALLER });
});

test.each(['0%N', '0044 %N', '%L', 'x'])('a tag that says %p tells a hidden number, or does not', (says) => {
  const from = '+442071234567' as typeof CALLER;
  const said = says.replace('%N', '20 7123 4567').replace('%L', '123-4567');
  const sold = bid();
  const market = marketOf([sold], { card: { number: 'never', price: false, tags: ['said'] } });
  const call = { callId: 'c', from, tags: { said } };
  const { tags } = callCard(market, call, { bidId: sold.id, price: usd(1) }, true);
  expect(tags).toEqual(says === 'x' ? { said } : undefined);
});
