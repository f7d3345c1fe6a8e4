import type { Trunk } from '../../../src/domain';
import { readAttempt } from '../../../src/signaling/intake';
import type { IncomingInvite } from '../../../src/signaling/sip/sip-stack';
import { TRUNK } from './fakes';

type Headers = Readonly<Record<string, string>>;

/** An INVITE as far as the intake reads one. */
function invite(headers: Headers = {}, requestUri = 'sip:+18005550100@switch.example'): IncomingInvite {
  const all: Headers = {
    Contact: '<sip:carrier@192.0.2.1>',
    From: '<sip:+12125550123@carrier.example>;tag=1',
    ...headers,
  };
  return {
    requestUri,
    header: (name: string) => all[name],
    headerNames: () => Object.keys(all),
  } as unknown as IncomingInvite;
}

function read(headers: Headers, trunk: Partial<Trunk> = {}): Record<string, unknown> {
  const intake = readAttempt(invite(headers), { ...TRUNK, ...trunk }, 'call-1', 0);
  if (!intake.ok) throw new Error(intake.detail);
  return intake.attempt as unknown as Record<string, unknown>;
}

const PAI = (parameters: string): Headers => ({
  'P-Asserted-Identity': `<sip:+12125550123${parameters}@carrier.example;user=phone>`,
});

test.each([
  ['nothing said', {}, { verstat: 'none', attestation: undefined }],
  [
    'passed, with the level in its own header',
    { ...PAI(';verstat=TN-Validation-Passed'), 'P-Attestation-Indicator': 'a' },
    { verstat: 'passed', attestation: 'A' },
  ],
  [
    'passed, with the level in the verstat',
    PAI(';verstat=TN-Validation-Passed-B'),
    { verstat: 'passed', attestation: 'B' },
  ],
  ['failed', PAI(';verstat=TN-Validation-Failed'), { verstat: 'failed', attestation: undefined }],
  [
    'failed, because its time was wrong',
    { ...PAI(';verstat=TN-Validation-Failed'), Reason: 'STIR;cause=403;text="Stale Date"' },
    { verstat: 'stale' },
  ],
  [
    'failed, with a cause among others',
    {
      ...PAI(';verstat=TN-Validation-Failed-C'),
      Reason: 'Q.850;cause=16, STIR;cause=438;text="Invalid Identity Header"',
    },
    { verstat: 'failed', attestation: 'C' },
  ],
  ['not verified', PAI(';verstat=No-TN-Validation'), { verstat: 'none' }],
  [
    'in From where there is no asserted identity',
    { From: '<tel:+12125550123;verstat=TN-Validation-Passed>;tag=1', 'P-Attestation-Indicator': 'C' },
    { verstat: 'passed', attestation: 'C' },
  ],
])('a trusted carrier vouches for the caller: %s', (_case, headers: Headers, expected) => {
  expect(read(headers)).toMatchObject(expected);
});

test('a carrier that is not trusted to verify is not believed', () => {
  const headers = { ...PAI(';verstat=TN-Validation-Passed'), 'P-Attestation-Indicator': 'A' };
  expect(read(headers, { trustsVerstat: false })).toMatchObject({ verstat: 'none', attestation: undefined });
});

test.each([
  ['outbound_transfer', 'outbound_transfer'],
  [' Callback ', 'callback'],
  ['from the moon', undefined],
])('the claim %j of a call is %j', (claim, expected) => {
  expect(read({ 'X-Call-Origin': claim })['claimedOrigin']).toBe(expected);
});

test('the contract says the origin, whatever is claimed', () => {
  const attempt = read({ 'X-Call-Origin': 'inbound_consumer' }, { origin: 'outbound_transfer' });
  expect(attempt['origin']).toBe('outbound_transfer');
});

test('who forwarded the call is read once each, latest first, and no more than ten', () => {
  const many = Array.from({ length: 12 }, (_, n) => `<sip:+1212555${4000 + n}@h>`).join(', ');
  const attempt = read({ Diversion: `<tel:+13105550001>;reason=unconditional`, 'History-Info': many });
  const numbers = attempt['forwardedBy'] as string[];
  expect(numbers).toHaveLength(10);
  expect(numbers.slice(0, 2)).toEqual(['+13105550001', '+12125554000']);
  const twice = read({ Diversion: '<sip:+13105550001@a>, <sip:+13105550001@b>' });
  expect(twice['forwardedBy']).toEqual(['+13105550001']);
});

test('tags of the exchange itself are nothing that a sender may say', () => {
  const { tags } = read({ 'X-Zip': '10001', 'X-dce.challenge': 'passed' });
  expect(tags).toEqual({ zip: '10001' });
});
