import * as fc from 'fast-check';
import { dialOf, parseInstant } from '../../../src/compliance/dial';
import type { CallOrigin } from '../../../src/domain';
import { attempt } from '../market/fixtures';
import { HOUR, NOON, at, screen } from './fixtures';

const dial = (origin: CallOrigin, tags: Record<string, string> = {}, now = NOON) =>
  dialOf(attempt({ origin, receivedAt: NOON, tags }), origin, now);
const iso = (instant: number): string => new Date(instant).toISOString();
const DIALLED_BEFORE: readonly CallOrigin[] = ['outbound_transfer', 'unknown'];

describe('the instant at which rules look', () => {
  test.each(DIALLED_BEFORE)('of %s is the tag dialled-at', (origin) => {
    const before = NOON - 10 * 60_000;
    expect(dial(origin, { 'dialled-at': iso(before) })).toMatchObject({
      at: before,
      finding: { outcome: 'pass' },
    });
  });

  test.each(DIALLED_BEFORE)('of %s is the INVITE when nothing is told, and that is flagged', (origin) => {
    expect(dial(origin, {}, NOON + 500)).toMatchObject({ at: NOON, finding: { outcome: 'flag' } });
  });

  test.each([
    ['is no instant', 'yesterday'],
    ['has no zone', '2026-08-03T11:50:00'],
    ['is of the future', iso(NOON + 61_000)],
    ['is more than two hours ago', iso(NOON - 2 * HOUR - 1)],
    ['is empty', ''],
  ])('is the INVITE when the tag %s', (_name, text) => {
    expect(dial('outbound_transfer', { 'dialled-at': text })).toMatchObject({
      at: NOON,
      finding: { outcome: 'flag' },
    });
  });

  test.each<CallOrigin>(['callback', 'agent_outbound', 'inbound_consumer'])('of %s is now', (origin) => {
    expect(dial(origin, { 'dialled-at': iso(NOON - HOUR) }, NOON + 500)).toMatchObject({
      at: NOON + 500,
      finding: undefined,
    });
  });

  test('decides about calling hours', () => {
    const late = at(21, 10);
    const origin = 'outbound_transfer';
    expect(screen({ origin, now: late }).blocked?.rule).toBe('tcpa.calling_hours');
    const told = { tags: { 'dialled-at': iso(at(20, 55)) } };
    expect(screen({ origin, call: told, now: late }).blocked).toBeUndefined();
    // And the other way round: dialled before the morning, handed over in it.
    const early = { tags: { 'dialled-at': iso(at(7, 50)) } };
    expect(screen({ origin, call: early, now: at(8, 5) }).blocked?.rule).toBe('tcpa.calling_hours');
  });
});

test('a transfer is taken for dialled by a machine unless its sender says that a person did', () => {
  expect(dial('outbound_transfer')).toMatchObject({ automated: true, scope: 'calls' });
  expect(dial('unknown', { 'dial-mode': 'manual' })).toMatchObject({ automated: false, scope: 'calls' });
  expect(dial('callback')).toMatchObject({ automated: false, scope: 'calls' });
  expect(dial('callback', { 'dial-mode': 'autodialed' })).toMatchObject({
    automated: true,
    scope: 'autodialed_calls',
  });
  expect(dial('unknown', { 'dial-mode': 'prerecorded' }).scope).toBe('prerecorded_calls');
  expect(dial('inbound_consumer', { 'dial-mode': 'prerecorded' }).automated).toBe(false);
});

describe('an instant', () => {
  test('is read as the platform reads it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2100, 0, 1) }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        (instant, ahead) => {
          expect(parseInstant(iso(instant))).toBe(instant);
          const sign = ahead < 0 ? '-' : '+';
          const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60];
          const zone = `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
          const text = iso(instant + ahead * 60_000).replace('Z', zone);
          expect(parseInstant(text)).toBe(instant);
        },
      ),
    );
  });

  test.each([
    '2026-02-30T10:00:00Z',
    '2026-13-01T10:00:00Z',
    '2026-00-01T10:00:00Z',
    '2026-08-03T24:00:00Z',
    '2026-08-03T10:60:00Z',
    '2026-08-03T10:00:60Z',
    '2026-08-03 10:00:00Z',
    '2026-08-03T10:00:00+5:00',
    ' 2026-08-03T10:00:00Z',
    `2026-08-03T10:00:00.${'0'.repeat(40)}Z`,
  ])('%j is none', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});
