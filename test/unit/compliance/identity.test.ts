import { identityFinding } from '../../../src/compliance/identity';
import type { Attestation, Verstat } from '../../../src/domain';
import { VERSTATS } from '../../../src/domain';
import { screen } from './fixtures';

const LEVELS: readonly (Attestation | undefined)[] = ['A', 'B', 'C', undefined];

test.each<[Verstat, string]>([
  ['passed', 'pass'],
  ['none', 'not_applicable'],
  ['failed', 'flag'],
  ['stale', 'flag'],
  ['replayed', 'flag'],
  ['wrong_number', 'flag'],
])('a signature that is %s is a finding: %s', (verstat, outcome) => {
  expect(identityFinding({ attestation: 'A', verstat }, {})).toMatchObject({
    rule: 'identity.attestation',
    outcome,
  });
});

test.each<[Attestation, string]>([
  ['A', 'A'],
  ['B', 'AB'],
  ['C', 'ABC'],
])('a campaign that takes %s takes %s and no others', (minAttestation, taken) => {
  for (const attestation of LEVELS) {
    const { outcome } = identityFinding({ attestation, verstat: 'passed' }, { minAttestation });
    expect(outcome === 'block').toBe(attestation === undefined || !taken.includes(attestation));
  }
});

test('what was not verified counts for no level', () => {
  for (const verstat of VERSTATS) {
    const { outcome } = identityFinding({ attestation: 'A', verstat }, { minAttestation: 'C' });
    expect(outcome === 'block').toBe(verstat !== 'passed' && verstat !== 'none');
  }
});

test('a level is asked of calls of every origin', () => {
  const call = { attestation: 'C' } as const;
  expect(screen({ call }).blocked).toBeUndefined();
  expect(screen({ call, policy: { minAttestation: 'B' } }).blocked?.rule).toBe('identity.attestation');
  expect(screen({ call, origin: 'callback', policy: { minAttestation: 'B' } }).blocked?.rule).toBe(
    'identity.attestation',
  );
});
