import fc from 'fast-check';
import { readReferTo, readReplaces } from '../../../../src/signaling/transfer/refer-to';

const REPLACES = { callId: 'a84b4c76@host', toTag: 'ours', fromTag: 'theirs' };
const ESCAPED = 'Replaces=a84b4c76%40host%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs';

test.each([
  ['a name-addr', '<sip:ann@dce.invalid>', 'sip:ann@dce.invalid'],
  ['a display name', 'Ann <sip:ann@dce.invalid>', 'sip:ann@dce.invalid'],
  ['a quoted name with brackets', '"A <b>" <sip:ann@dce.invalid>;x=1', 'sip:ann@dce.invalid'],
  ['a bare URI', 'sip:ann@dce.invalid', 'sip:ann@dce.invalid'],
  ['a bare URI with parameters of the header', 'sip:ann@dce.invalid;x=1', 'sip:ann@dce.invalid'],
  ['parameters of the URI', '<sip:ann@dce.invalid;transport=ws>', 'sip:ann@dce.invalid;transport=ws'],
  ['the method named', '<sip:ann@dce.invalid;method=INVITE>', 'sip:ann@dce.invalid;method=INVITE'],
  ['a telephone URI', '<tel:+12125550100>', 'tel:+12125550100'],
  ['no headers after the question mark', '<sip:ann@dce.invalid?>', 'sip:ann@dce.invalid'],
])('reads %s', (_what, value, uri) => {
  expect(readReferTo(value)).toEqual({ ok: true, uri, replaces: undefined });
});

test.each([
  ['escaped', `<sip:ann@dce.invalid?${ESCAPED}>`],
  ['with the extension required', `<sip:ann@dce.invalid?Require=replaces&${ESCAPED}>`],
  [
    'in another order',
    '<sip:ann@dce.invalid?replaces=a84b4c76%40host%3bfrom-tag%3dtheirs%3bearly-only%3bto-tag%3dours>',
  ],
])('reads the dialog to be replaced: %s', (_what, value) => {
  expect(readReferTo(value)).toEqual({ ok: true, uri: 'sip:ann@dce.invalid', replaces: REPLACES });
});

test.each([
  ['nothing', '', 400],
  ['two places', '<sip:ann@dce.invalid>, <sip:bob@dce.invalid>', 400],
  ['two bare places', 'sip:ann@dce.invalid,sip:bob@dce.invalid', 400],
  ['another scheme', '<https://dce.invalid/>', 400],
  ['an open bracket', '<sip:ann@dce.invalid', 400],
  ['a bare URI with headers, which needs brackets', `sip:ann@dce.invalid?${ESCAPED}`, 400],
  ['a text that is too long', `<sip:${'a'.repeat(3_000)}@dce.invalid>`, 400],
  ['broken escapes', '<sip:ann@dce.invalid?Replaces=%zz>', 400],
  ['a header without a value sign', '<sip:ann@dce.invalid?Replaces>', 400],
  ['a dialog without tags', '<sip:ann@dce.invalid?Replaces=abc>', 400],
  ['two dialogs', `<sip:ann@dce.invalid?${ESCAPED}&${ESCAPED}>`, 400],
  ['a second question mark', `<sip:ann@dce.invalid?${ESCAPED}?x=1>`, 400],
  [
    'a line break in a header',
    '<sip:ann@dce.invalid?Replaces=a%0d%0aX%3a1%3bto-tag%3db%3bfrom-tag%3dc>',
    400,
  ],
  ['another method', '<sip:ann@dce.invalid;method=BYE>', 403],
  ['a header of its own', '<sip:ann@dce.invalid?Route=%3Csip:evil%3E>', 403],
  ['a body', '<sip:ann@dce.invalid?body=v%3D0>', 403],
  ['another extension required', '<sip:ann@dce.invalid?Require=precondition>', 403],
])('refuses %s', (_what, value, status) => {
  expect(readReferTo(value)).toEqual({ ok: false, status });
});

test.each([
  'abc;to-tag=1',
  'abc;to-tag=1;from-tag=',
  'abc;to-tag=1;to-tag=2;from-tag=3',
  ';to-tag=1;from-tag=2',
])('takes %s for no dialog', (text) => expect(readReplaces(text)).toBeUndefined());

test('whatever comes, a URI that is read carries no headers and no line breaks', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc
          .array(fc.constantFrom('<', '>', 'sip:', 'a', '@b', '?', '&', '=', '%0d%0a', '"', ',', ';'), {
            maxLength: 20,
            size: 'max',
          })
          .map((parts) => parts.join('')),
      ),
      (value) => {
        const read = readReferTo(value);
        if (read.ok) expect(read.uri).toMatch(/^(sips?|tel):[^?\s<>]*$/i);
      },
    ),
  );
});
