import * as fc from 'fast-check';
import type { OriginEvidence } from '../../../src/compliance';
import { bindingOf, resolveOrigin, RULE_BINDINGS } from '../../../src/compliance';
import { RULES } from '../../../src/compliance/data/rule-bindings';
import type { CallOrigin } from '../../../src/domain';
import { CALL_ORIGINS } from '../../../src/domain';

const INBOUND = 'inbound_consumer';
const TRANSFER = 'outbound_transfer';

const resolve = (over: Partial<OriginEvidence> = {}) =>
  resolveOrigin({
    trunkOrigin: 'unknown',
    sellerOrigin: undefined,
    sellerClaims: [],
    claimed: undefined,
    ...over,
  });

/** From the fewest rules to all of them. */
const STRICTER: readonly CallOrigin[] = [INBOUND, 'callback', 'agent_outbound', TRANSFER, 'unknown'];
const strictness = (origin: CallOrigin): number => STRICTER.indexOf(origin);

describe('who started a call', () => {
  test.each<[string, Partial<OriginEvidence>, CallOrigin, string]>([
    ['nobody says anything', {}, 'unknown', 'nothing'],
    ['the seller says it does not know', { sellerOrigin: 'unknown' }, 'unknown', 'nothing'],
    ['the trunk alone says it', { trunkOrigin: INBOUND }, INBOUND, 'trunk'],
    ['the seller alone says it', { sellerOrigin: TRANSFER }, TRANSFER, 'seller'],
    ['both say the same', { trunkOrigin: INBOUND, sellerOrigin: INBOUND }, INBOUND, 'trunk_and_seller'],
    ['the seller is stricter', { trunkOrigin: INBOUND, sellerOrigin: TRANSFER }, TRANSFER, 'seller'],
    ['the trunk is stricter', { trunkOrigin: TRANSFER, sellerOrigin: INBOUND }, TRANSFER, 'trunk'],
    ['a claim is stricter', { trunkOrigin: INBOUND, claimed: TRANSFER }, TRANSFER, 'claim'],
    ['a claim says it knows nothing', { trunkOrigin: INBOUND, claimed: 'unknown' }, 'unknown', 'claim'],
    ['a laxer claim is not allowed', { trunkOrigin: TRANSFER, claimed: INBOUND }, TRANSFER, 'trunk'],
    [
      'a laxer claim is allowed by contract',
      { trunkOrigin: TRANSFER, sellerClaims: [INBOUND], claimed: INBOUND },
      INBOUND,
      'claim',
    ],
    [
      'the contract allows another claim',
      { trunkOrigin: TRANSFER, sellerClaims: ['callback'], claimed: INBOUND },
      TRANSFER,
      'trunk',
    ],
    ['a claim stands alone', { claimed: INBOUND }, 'unknown', 'nothing'],
    ['a claim repeats the contract', { trunkOrigin: INBOUND, claimed: INBOUND }, INBOUND, 'trunk'],
  ])('where %s', (_name, evidence, origin, basis) => {
    expect(resolve(evidence)).toMatchObject({ origin, basis });
  });

  test.each<[string, Partial<OriginEvidence>, string]>([
    ['contracts that differ', { trunkOrigin: INBOUND, sellerOrigin: TRANSFER }, 'origin.contract'],
    ['contracts that are silent', {}, 'origin.contract'],
    ['a claim that is ignored', { trunkOrigin: TRANSFER, claimed: INBOUND }, 'origin.claim'],
  ])('%s are flagged', (_name, evidence, rule) => {
    const flags = resolve(evidence).findings.filter(({ outcome }) => outcome === 'flag');
    expect(flags.map((one) => one.rule)).toEqual([rule]);
  });

  test('is never laxer than a contract says, but by a claim that the seller may make', () => {
    const anyOrigin = fc.constantFrom(...CALL_ORIGINS);
    fc.assert(
      fc.property(
        anyOrigin,
        fc.option(anyOrigin, { nil: undefined }),
        fc.subarray([...CALL_ORIGINS]),
        fc.option(anyOrigin, { nil: undefined }),
        (trunkOrigin, sellerOrigin, sellerClaims, claimed) => {
          const { origin, findings } = resolve({ trunkOrigin, sellerOrigin, sellerClaims, claimed });
          const contracts = [trunkOrigin, sellerOrigin].filter(
            (one): one is CallOrigin => one !== undefined && one !== 'unknown',
          );
          const least = contracts.length === 0 ? 4 : Math.max(...contracts.map(strictness));
          const mayClaim = claimed !== undefined && sellerClaims.includes(claimed);
          if (mayClaim) expect(origin).toBe(claimed);
          else if (claimed !== undefined)
            expect(strictness(origin)).toBe(Math.max(least, strictness(claimed)));
          else expect(strictness(origin)).toBe(least);
          expect(findings.length).toBeGreaterThan(0);
          // The same evidence is the same verdict, object for object: nothing is made anew.
          expect(resolve({ trunkOrigin, sellerOrigin, sellerClaims, claimed }).findings).toBe(findings);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the table of which rules bind', () => {
  test('has each rule once, with its citation and its reason', () => {
    expect(RULE_BINDINGS.map(({ rule }) => rule)).toEqual([...RULES]);
    for (const { citation, inboundWhy } of RULE_BINDINGS) {
      expect(citation).not.toBe('');
      expect(inboundWhy).not.toBe('');
    }
  });

  test('binds a consumer who calls by none of the rules on solicitation', () => {
    for (const { rule } of RULE_BINDINGS) expect(bindingOf(rule, INBOUND)).not.toBe('binds');
  });

  test('lets policy reach a consumer who calls by hours, own list, litigators and consent alone', () => {
    const policy = RULE_BINDINGS.filter(({ rule }) => bindingOf(rule, INBOUND) === 'policy');
    expect(policy.map(({ rule }) => rule)).toEqual([
      'tcpa.calling_hours',
      'state.calling_hours',
      'dnc.internal',
      'policy.litigator',
      'consent.prior',
    ]);
  });

  test.each(CALL_ORIGINS.filter((origin) => origin !== INBOUND))(
    'binds %s by all but abandonment',
    (origin) => {
      const binding = RULE_BINDINGS.filter(({ rule }) => bindingOf(rule, origin) === 'binds');
      expect(binding.map(({ rule }) => rule)).toEqual(RULES.filter((rule) => rule !== 'tcpa.abandonment'));
    },
  );
});
