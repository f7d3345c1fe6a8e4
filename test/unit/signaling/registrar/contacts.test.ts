import * as fc from 'fast-check';
import { parseContacts } from '../../../../src/signaling/registrar/contacts';

const INSTANCE = 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6';

function one(header: string): object | undefined {
  const parsed = parseContacts(header);
  return parsed.kind === 'contacts' && parsed.contacts.length === 1 ? parsed.contacts[0] : undefined;
}

it('reads what browser phones write', () => {
  const uri = 'sip:k3bq0s1t@2vmf1.invalid;transport=ws;ob';
  expect(one(`<${uri}>;reg-id=1;+sip.instance="<${INSTANCE}>";expires=600`)).toEqual({
    uri,
    key: `${INSTANCE};1`,
    instanceId: INSTANCE,
    regId: 1,
    expires: 600,
  });
});

it('reads several, with names, without brackets, and over folded blanks', () => {
  const parsed = parseContacts(
    '"Desk, \\"upper\\" floor" <sip:anna@192.0.2.5:5062> ; q=0.5 ;expires = 60 , sip:anna@[2001:db8::1];expires=30,<sips:a@b>',
  );
  expect(parsed).toMatchObject({
    kind: 'contacts',
    contacts: [
      { uri: 'sip:anna@192.0.2.5:5062', expires: 60, regId: undefined },
      { uri: 'sip:anna@[2001:db8::1]', expires: 30 },
      { uri: 'sips:a@b', expires: undefined },
    ],
  });
});

it('knows the star, and a REGISTER that only asks', () => {
  expect(parseContacts(' * ')).toEqual({ kind: 'all' });
  expect(parseContacts(undefined)).toEqual({ kind: 'contacts', contacts: [] });
});

test.each([
  ['sip:Anna@Example.com', 'sip:Anna@EXAMPLE.com'],
  ['sip:a@b:5060;transport=TCP', 'sip:a@b:5060;transport=tcp'],
  ['sip:a@b;transport=udp;x=1', 'sip:a@b;transport=udp;ob'],
  ['SIP:a@b', 'sip:a@b'],
])('%s and %s are one phone', (left, right) => {
  expect(parseContacts(`<${left}>, <${right}>`)).toMatchObject({ kind: 'bad' });
});

test.each([
  ['sip:anna@example.com', 'sip:Anna@example.com'],
  ['sip:a@b', 'sip:a@b:5060'],
  ['sip:a@b', 'sips:a@b'],
  ['sip:a@b;transport=udp', 'sip:a@b;transport=tcp'],
])('%s and %s are two', (left, right) => {
  expect(parseContacts(`<${left}>, <${right}>`)).toMatchObject({ kind: 'contacts' });
});

it('goes by the URI where the phone gives an instance without reg-id', () => {
  const contact = one(`<sip:a@b>;+sip.instance="<${INSTANCE}>"`);
  expect(contact).toMatchObject({ key: 'sip:a@b', instanceId: INSTANCE, regId: undefined });
});

it('takes an expires that is no number for none, and a vast one for the greatest', () => {
  expect(one('<sip:a@b>;expires=soon')).toMatchObject({ expires: undefined });
  expect(one('<sip:a@b>;expires=99999999999')).toMatchObject({ expires: 2 ** 32 - 1 });
});

test.each([
  ['', 'nothing'],
  ['<sip:a@b', 'a bracket that does not close'],
  ['<sip:a@b>,', 'a comma too many'],
  ['<sip:a@b>;expires=1;expires=2', 'a parameter twice'],
  ['<sip:a@b>;=1', 'a parameter without a name'],
  ['"Desk <sip:a@b>', 'a quote that does not close'],
  ['<sip:a@b>x', 'text behind the bracket'],
  ['*, <sip:a@b>', 'a star among others'],
  ['<http://a/b>', 'another scheme'],
  ['<tel:+12125550100>', 'a number'],
  ['<sip:a@b?Subject=x>', 'headers'],
  ['<sip:a@b:70000>', 'a port that is none'],
  ['<sip:a b@c>', 'a blank'],
  ['<sip:@b>', 'an empty user'],
  [`<sip:${'a'.repeat(600)}@b>`, 'a URI without end'],
  [`<sip:a@b>;x=${'a'.repeat(9_000)}`, 'a header without end'],
  ['<sip:a@b>;+sip.instance=urn:uuid:1', 'an instance without brackets'],
  ['<sip:a@b>;+sip.instance="<>"', 'an empty instance'],
  ['<sip:a@b>;reg-id=0', 'reg-id 0'],
  ['<sip:a@b>;reg-id=x', 'reg-id x'],
  [Array.from({ length: 11 }, (_, i) => `<sip:a${i}@b>`).join(','), 'eleven'],
])('%p is refused: %s', (header) => {
  expect(parseContacts(header).kind).toBe('bad');
});

test('whatever comes, reading it ends and never throws', () => {
  const piece = fc.constantFrom('<', '>', 'sip:a@b', ';', ',', '"', '\\', ' ', '*', 'expires=1', '=', '\r\n');
  const text = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(piece, { size: 'max', maxLength: 200 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (header) => {
      const parsed = parseContacts(header);
      if (parsed.kind !== 'contacts') return;
      for (const { uri } of parsed.contacts) expect(uri).toMatch(/^sips?:[^\s<>"]+$/i);
    }),
  );
});
