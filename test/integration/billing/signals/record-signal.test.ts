import type { SignalReport } from '../../../../src/billing';
import { findCall, listSignals, MAX_SIGNALS, recordSignal } from '../../../../src/billing';
import type { CallSignal } from '../../../../src/domain';
import { ringTarget, saleTerms } from '../../../support/call-records';
import { BooksRoom, SOON, WINDOW } from '../support/settled-calls';

let room: BooksRoom;
beforeAll(async () => {
  room = await BooksRoom.open();
});
afterAll(() => room.close());

const tell = (callId: string, more: Partial<SignalReport> = {}, now = SOON) =>
  recordSignal(
    room.db,
    { callId, kind: 'postback', value: 'sale', at: SOON, source: 'key:k', ...more },
    { ...WINDOW, now },
  );

test('the same signal is kept once, whoever tells it again and when', async () => {
  await room.end('once');
  const all = await Promise.all(Array.from({ length: 5 }, (_, n) => tell('once', { at: SOON - n })));
  expect(all.filter((one) => one.ok && one.isNew)).toHaveLength(1);
  expect(await listSignals(room.db, 'once')).toMatchObject([{ kind: 'postback', value: 'sale' }]);
  expect(await room.events('call.signal')).toHaveLength(1);
  expect(await tell('once', { kind: 'disposition' })).toEqual({ ok: true, isNew: true });
});

test('a call has so many signals and no more, however many come at once', async () => {
  await room.end('many');
  const all = await Promise.all(
    Array.from({ length: MAX_SIGNALS + 5 }, (_, n) => tell('many', { value: `e${n}` })),
  );
  expect(all.filter(({ ok }) => !ok)).toEqual(
    Array.from({ length: 5 }, () => ({ ok: false, reason: 'too_many' })),
  );
  expect(await listSignals(room.db, 'many')).toHaveLength(MAX_SIGNALS);
  const [first] = await listSignals(room.db, 'many');
  expect(await tell('many', { value: first?.value ?? '' })).toEqual({ ok: true, isNew: false });
});

test('what cannot be told is refused with why', async () => {
  await room.end('sold');
  await room.end('unsold', { sale: undefined, state: 'failed', connectedMs: 0 });
  expect(await tell('nobody')).toEqual({ ok: false, reason: 'unknown_call' });
  expect(await tell('sold', { accountId: 'seller-account' })).toEqual({ ok: false, reason: 'unknown_call' });
  expect(await tell('sold', { accountId: 'buyer-account' })).toEqual({ ok: true, isNew: true });
  expect(await tell('unsold')).toEqual({ ok: false, reason: 'not_sold' });
  const late = SOON + WINDOW.windowMs + 1;
  expect(await tell('sold', { value: 'late' }, late)).toEqual({ ok: false, reason: 'too_late' });
  // The switch may know of a call before it is stored.
  expect(await tell('coming', { source: 'switch', kind: 'keypress', value: '1#' })).toMatchObject({
    ok: true,
  });
});

test.each<[string, Partial<CallSignal>, string]>([
  ['a kind that is none', { kind: 'rumour' as never }, '/kind'],
  ['an empty value', { value: '' }, '/value'],
  ['a value with a space', { value: 'a sale' }, '/value'],
  ['a value too long', { value: 'x'.repeat(65) }, '/value'],
  ['an instant that is none', { at: Number.NaN }, '/at'],
  ['an instant before time began', { at: -1 }, '/at'],
  ['an instant yet to come', { at: SOON + 300_001 }, '/at'],
])('%s is refused with its place', async (_what, more, pointer) => {
  await expect(tell('sold', more)).rejects.toMatchObject({
    kind: 'validation',
    details: { errors: [{ pointer }] },
  });
});

test('a call is found by its id, or by the name that its buyer gave its offer', async () => {
  const named = (reference: string, buyerAccountId = 'buyer-account') => ({
    sale: { target: ringTarget({ reference, buyerAccountId }), terms: saleTerms() },
  });
  await room.end('first', named('offer-1'));
  await room.end('second', named('offer-2'));
  await room.end('third', named('offer-2'));
  await room.end('fourth', named('offer-1', 'another'));
  await room.end('offer-3', named('x'));
  await room.end('fifth', named('offer-3'));
  expect(await findCall(room.db, 'first', undefined)).toEqual({ ok: true, callId: 'first' });
  expect(await findCall(room.db, 'offer-1', 'buyer-account')).toEqual({ ok: true, callId: 'first' });
  expect(await findCall(room.db, 'offer-1', undefined)).toEqual({ ok: false, reason: 'ambiguous' });
  expect(await findCall(room.db, 'offer-2', 'buyer-account')).toEqual({ ok: false, reason: 'ambiguous' });
  expect(await findCall(room.db, 'first', 'another')).toEqual({ ok: false, reason: 'unknown_call' });
  // An id goes before a name.
  expect(await findCall(room.db, 'offer-3', undefined)).toEqual({ ok: true, callId: 'offer-3' });
});

test('signals stay as they were told', async () => {
  await room.end('kept');
  await tell('kept');
  await expect(room.own.query(`update call_signals set value = 'junk'`)).rejects.toThrow('append-only');
  await expect(room.own.query(`delete from call_signals`)).rejects.toThrow('append-only');
});
