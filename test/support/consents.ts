import type { E164 } from '../../src/domain';
import type { ConsentAct, Database, GivenConsent } from '../../src/storage';
import { giveConsents, Vault } from '../../src/storage';

/** A vault whose key everybody may know. */
export const TEST_VAULT = new Vault('a key that is only good for tests');

export const PERSON = '+12125550123' as E164;
/** When acts of tests happened, and when they were recorded. */
export const ACTED_AT = Date.UTC(2026, 0, 5, 12);
export const RECORDED_AT = ACTED_AT + 60_000;

/** An act with everything that proves it. */
export function consentAct(more: Partial<ConsentAct> = {}): ConsentAct {
  return {
    number: PERSON,
    sellerId: 'operator',
    scopes: ['calls', 'autodialed_calls'],
    givenAt: ACTED_AT,
    disclosure: {
      version: 'quotes 3',
      text: 'By pressing "Get quotes" I agree to be called by Example & Co.',
    },
    act: 'ticked the box and pressed Get quotes',
    pageUrl: 'https://quotes.example.com/auto?step=4',
    ip: '192.0.2.44',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
    session: 'session-7f3a',
    identity: { name: 'Zoë Person', email: 'zoe@example.com' },
    signed: true,
    certificate: {
      issuer: 'trustedform',
      id: '0123456789abcdef0123456789abcdef01234567',
      claimedBy: 'Example & Co',
      expiresAt: ACTED_AT + 5 * 31_536_000_000,
    },
    ...more,
  };
}

/** Records acts; what is refused fails the test. @returns ids */
export async function give(
  database: Database,
  acts: readonly ConsentAct[],
  at = RECORDED_AT,
): Promise<string[]> {
  const given = await database.transaction((tx) => giveConsents(tx, TEST_VAULT, acts, at));
  return given.map((one: GivenConsent) => {
    if (!one.ok) throw new Error(`refused: ${one.reason}`);
    return String(one.id);
  });
}
