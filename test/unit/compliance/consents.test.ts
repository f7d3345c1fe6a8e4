import * as fc from 'fast-check';
import type { ConsentQuestion } from '../../../src/compliance/consents';
import { findConsent, needsConsent, REVOKE_ALL_FROM } from '../../../src/compliance/consents';
import type { Consent, ConsentScope } from '../../../src/domain';
import { CALL_ORIGINS, CONSENT_SCOPES } from '../../../src/domain';
import { CALLER } from '../market/fixtures';
import { DAY, NOON, SOLICITING, consent, find, screen } from './fixtures';

const question = (over: Partial<ConsentQuestion> = {}): ConsentQuestion => ({
  number: CALLER,
  sellerId: 'seller',
  campaignId: 'campaign',
  scope: 'calls',
  dialledAt: NOON,
  now: NOON,
  ...over,
});
const covers = (consents: readonly Consent[], over: Partial<ConsentQuestion> = {}): boolean =>
  findConsent(consents, question(over)).ok;
const why = (...consents: Consent[]): string => {
  const answer = findConsent(consents, question());
  return answer.ok ? '' : answer.why;
};

describe('a consent covers a call', () => {
  test.each<[string, Partial<Consent>, boolean]>([
    ['to everybody', {}, true],
    ['to the seller', { sellerId: 'seller' }, true],
    ['to another seller', { sellerId: 'other' }, false],
    ['of the campaign', { campaignId: 'campaign' }, true],
    ['of another campaign', { campaignId: 'other' }, false],
    ['of another number', { number: '+13105551212' as Consent['number'] }, false],
    ['without a certificate', { certificate: undefined }, true],
    ['of texts only', { scopes: ['texts', 'recording'] }, false],
    ['given at the instant of the call', { givenAt: NOON }, true],
    ['given after the call', { givenAt: NOON + 1 }, false],
    ['that expires after the call', { expiresAt: NOON + 1 }, true],
    ['that expires at the instant of the call', { expiresAt: NOON }, false],
    ['revoked after the call', { revokedAt: NOON + 1 }, true],
    ['revoked at the instant of the call', { revokedAt: NOON }, false],
    ['revoked before the call', { revokedAt: NOON - 1 }, false],
  ])('%s: %j is %s', (_name, over, covered) => {
    expect(covers([consent(over)])).toBe(covered);
  });

  test('of the scope that its dialling needs', () => {
    const needed: readonly ConsentScope[] = ['calls', 'autodialed_calls', 'prerecorded_calls'];
    const table = CONSENT_SCOPES.map((given) =>
      needed.map((scope) => covers([consent({ scopes: [given] })], { scope })),
    );
    expect(table).toEqual([
      [true, false, false],
      // Whom a machine may call people may call.
      [true, true, false],
      [true, false, true],
      [false, false, false],
      [false, false, false],
    ]);
  });

  test('when it stood at the dial and stands now, of a transfer that was dialled before', () => {
    const dialledAt = NOON - 600_000;
    expect(covers([consent({ givenAt: dialledAt + 1 })], { dialledAt })).toBe(false);
    expect(covers([consent({ revokedAt: NOON - 1 })], { dialledAt })).toBe(false);
  });

  test('without a seller, when it is to everybody', () => {
    expect(covers([consent()], { sellerId: undefined })).toBe(true);
    expect(covers([consent({ sellerId: 'seller' })], { sellerId: undefined })).toBe(false);
  });

  test('when any of several does', () => {
    const useless = [consent({ revokedAt: 0 }), consent({ sellerId: 'other' }), consent({ expiresAt: 1 })];
    expect(covers(useless)).toBe(false);
    expect(covers([...useless, consent({ id: 'good' })])).toBe(true);
  });
});

describe('the reason that is told', () => {
  test('names the most telling consent, by its id and date', () => {
    const revoked = consent({ id: 'r', revokedAt: NOON - 1 });
    const expired = consent({ id: 'e', expiresAt: NOON - 1 });
    const other = consent({ id: 'o', sellerId: 'other' });
    expect(why(other, expired, revoked)).toBe('the consent r of 2026-07-04 was revoked');
    expect(why(other, expired)).toBe('the consent e of 2026-07-04 has expired');
    expect(why(other)).toBe('the consent o of 2026-07-04 is for another seller or campaign');
    expect(why(consent({ id: 's', scopes: [] }), other)).toContain('does not reach so far');
  });

  test('hides the number when there is none', () => {
    expect(why()).toBe('no consent of +1212*****67 is known');
  });
});

test('from 2027-01-31 one revocation revokes all consents to the same caller', () => {
  const revokedAt = REVOKE_ALL_FROM + DAY;
  const texts = consent({ id: 't', scopes: ['texts'], sellerId: 'seller', revokedAt });
  const calls = consent({ id: 'c', sellerId: 'seller' });
  const after = { now: revokedAt, dialledAt: revokedAt };
  expect(covers([texts, calls], { now: revokedAt - 1, dialledAt: NOON })).toBe(true);
  expect(covers([texts, calls], after)).toBe(false);
  // What was given afresh, or to others, stands.
  expect(
    covers([texts, consent({ sellerId: 'seller', givenAt: revokedAt + 1 })], {
      now: revokedAt + 2,
      dialledAt: revokedAt + 2,
    }),
  ).toBe(true);
  expect(covers([texts, consent()], after)).toBe(true);
  // One of before that day revokes itself alone.
  const early = consent({ scopes: ['texts'], sellerId: 'seller', revokedAt: REVOKE_ALL_FROM - 1 });
  expect(covers([early, calls], after)).toBe(true);
});

test('who needs one: those that solicit, or whom the campaign names', () => {
  for (const origin of CALL_ORIGINS) {
    expect(needsConsent({}, origin)).toBe(SOLICITING.includes(origin));
    expect(needsConsent({ consentFor: [] }, origin)).toBe(false);
    expect(needsConsent({ consentFor: [origin] }, origin)).toBe(true);
  }
});

test('a call without a consent that it needs is blocked; one with it passes and names it', () => {
  for (const origin of SOLICITING) {
    expect(screen({ origin, facts: { consents: [] } }).blocked).toMatchObject({
      rule: 'consent.prior',
      detail: 'no consent of +1212*****67 is known',
    });
    expect(find(screen({ origin }), 'consent.prior')).toMatchObject({
      outcome: 'pass',
      detail: 'consent consent-1 of 2026-07-04, trustedform certificate',
    });
  }
});

test('a campaign may do without, or ask it of consumers who call', () => {
  const without = screen({ origin: 'callback', policy: { consentFor: [] }, facts: { consents: [] } });
  expect([without.blocked, find(without, 'consent.prior')?.outcome]).toEqual([undefined, 'not_applicable']);
  const asked = screen({ policy: { consentFor: ['inbound_consumer'] }, facts: { consents: [] } });
  expect(asked.blocked?.rule).toBe('consent.prior');
  const withheld = screen({ call: { from: undefined }, policy: { consentFor: ['inbound_consumer'] } });
  expect(withheld.blocked?.rule).toBe('consent.prior');
});

test('never lifts calling hours', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SOLICITING), fc.integer({ min: 0, max: 1439 }), (origin, minute) => {
      const now = NOON - 12 * 3_600_000 + minute * 60_000;
      const allowed = minute >= 480 && minute < 1260;
      expect(screen({ origin, now }).blocked === undefined).toBe(allowed);
    }),
  );
});
