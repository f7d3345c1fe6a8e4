import fc from 'fast-check';
import {
  addressParam,
  formatHost,
  parseUri,
  parseVia,
  splitAddresses,
  splitHostPort,
  splitTopVia,
  tagOf,
  uriOfAddress,
  withReceived,
} from '../../../../src/sip-server/message';

describe('URIs', () => {
  test.each([
    ['sip:example.com', { scheme: 'sip', user: undefined, host: 'example.com', port: undefined }],
    ['sip:bob@example.com:5070', { user: 'bob', host: 'example.com', port: 5070 }],
    ['SIPS:bob@example.com', { scheme: 'sips', user: 'bob' }],
    ['sip:bob:secret@example.com', { user: 'bob', host: 'example.com' }],
    ['sip:+12125551234;phone-context=x@example.com;user=phone', { user: '+12125551234;phone-context=x' }],
    ['sip:a?b@example.com?Subject=x', { user: 'a?b', host: 'example.com' }],
    ['sip:[2001:db8::1]', { host: '2001:db8::1', port: undefined }],
    ['sip:a@[2001:db8::1]:5062;lr', { host: '2001:db8::1', port: 5062 }],
    ['sip:u1@abc123.invalid;transport=ws', { host: 'abc123.invalid' }],
    ['tel:+12125551234', { scheme: 'tel', user: '+12125551234', host: '' }],
  ])('%s', (text, expected) => {
    expect(parseUri(text)).toMatchObject(expected);
  });

  test.each([
    '',
    'bob',
    'sip:',
    'sip:@example.com',
    'sip:bob@',
    'sip:bob@example.com:0',
    'sip:bob@example.com:65536',
    'sip:bob@example.com:port',
    'sip:bob@[2001:db8::1',
    'sip:bob@a b',
    'sip:bob@<host>',
    'http://example.com',
    'tel:',
    'mailto:bob@example.com',
  ])('%j is none', (text) => {
    expect(parseUri(text)).toBeUndefined();
  });

  test('parameters by lower-case name; a flag is empty; headers are not parameters', () => {
    const uri = parseUri('sip:a@b;Transport=TCP;lr;;maddr=10.0.0.1?Subject=c;d=e');
    expect([...(uri?.params ?? [])]).toEqual([
      ['transport', 'TCP'],
      ['lr', ''],
      ['maddr', '10.0.0.1'],
    ]);
  });

  test('a host and port that are written come back', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        expect(splitHostPort(`${formatHost(name)}:${port}`)).toEqual({ host: name, port });
        expect(splitHostPort(formatHost(name))).toEqual({ host: name, port: undefined });
      }),
    );
  });

  test('no text makes it throw', () => {
    const text = fc.string({ unit: fc.constantFrom(...'sip:tel@[];?=,<>"%1. '.split('')), maxLength: 40 });
    fc.assert(
      fc.property(text, (uri) => {
        const parsed = parseUri(`sip:${uri}`);
        if (parsed) expect(parsed.host).not.toMatch(/[\s<>",]/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('addresses', () => {
  test.each([
    ['sip:bob@b.com;tag=x', 'sip:bob@b.com', 'x'],
    ['<sip:bob@b.com;user=phone>;tag=x', 'sip:bob@b.com;user=phone', 'x'],
    ['<sip:bob@b.com;tag=inside>', 'sip:bob@b.com;tag=inside', ''],
    ['"a <b> ;tag=no" <sip:c@d>;tag=yes', 'sip:c@d', 'yes'],
    ['"quote \\" <sip:no>" <sip:c@d> ;TAG = yes ;more=1', 'sip:c@d', 'yes'],
    ['Bob < sip:bob@b.com >;a="x;tag=no";tag=yes', 'sip:bob@b.com', 'yes'],
    ['<sip:bob@b.com>;xtag=no', 'sip:bob@b.com', ''],
    ['<sip:bob@b.com>;tag', 'sip:bob@b.com', ''],
    ['<sip:bob@b.com', '', ''],
    ['', '', ''],
  ])('%s', (value, uri, tag) => {
    expect(uriOfAddress(value)).toBe(uri);
    expect(tagOf(value)).toBe(tag);
  });

  test('an absent parameter is not an empty one', () => {
    expect(addressParam('<sip:a@b>;q=', 'q')).toBe('');
    expect(addressParam('<sip:a@b>', 'q')).toBeUndefined();
  });

  test.each([
    ['<sip:a@b>', ['<sip:a@b>']],
    [
      '<sip:a@b>, <sip:c@d;x=1,2>;q=1,"x, \\" y" <sip:e@f>',
      ['<sip:a@b>', '<sip:c@d;x=1,2>;q=1', '"x, \\" y" <sip:e@f>'],
    ],
    ['<sip:a@b>,,', ['<sip:a@b>']],
  ])('%s splits', (value, parts) => {
    expect(splitAddresses(value)).toEqual(parts);
  });
});

describe('Via', () => {
  test.each([
    [
      'SIP/2.0/UDP 10.0.0.1',
      { transport: 'UDP', host: '10.0.0.1', port: undefined, branch: '', rport: undefined },
    ],
    [
      'SIP/2.0/tcp h:5061;branch=z9hG4bK1;rport',
      { transport: 'TCP', port: 5061, branch: 'z9hG4bK1', rport: 0 },
    ],
    ['SIP / 2.0 / UDP  h ; branch = x ; rport = 77', { host: 'h', branch: 'x', rport: 77 }],
    [
      'SIP/2.0/WSS abc.invalid;BRANCH=x;maddr=224.2.0.1;received=1.2.3.4',
      { maddr: '224.2.0.1', received: '1.2.3.4' },
    ],
    ['SIP/2.0/UDP [2001:db8::9]:5070;branch=x', { host: '2001:db8::9', port: 5070 }],
  ])('%s', (text, expected) => {
    expect(parseVia(text)).toMatchObject(expected);
  });

  test.each([
    '',
    'SIP/2.0/UDP',
    'SIP/3.0/UDP h',
    'HTTP/1.1 h',
    'SIP/2.0/UDP h:99999',
    'SIP/2.0/UDP ;branch=x',
  ])('%j is none', (text) => {
    expect(parseVia(text)).toBeUndefined();
  });

  test('the top one of several', () => {
    expect(splitTopVia('SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b')).toEqual({
      top: 'SIP/2.0/UDP a;branch=1',
      rest: ', SIP/2.0/UDP b',
    });
  });

  test.each([
    // value, source address, source port, what stands there then
    ['SIP/2.0/UDP 10.0.0.1;branch=x', '10.0.0.1', 5060, 'SIP/2.0/UDP 10.0.0.1;branch=x'],
    ['SIP/2.0/UDP 10.0.0.1;branch=x', '10.0.0.2', 5060, 'SIP/2.0/UDP 10.0.0.1;branch=x;received=10.0.0.2'],
    [
      'SIP/2.0/UDP host;rport;branch=x',
      '10.0.0.2',
      99,
      'SIP/2.0/UDP host;rport=99;branch=x;received=10.0.0.2',
    ],
    [
      'SIP/2.0/UDP 10.0.0.2;branch=x;rport',
      '10.0.0.2',
      99,
      'SIP/2.0/UDP 10.0.0.2;branch=x;rport=99;received=10.0.0.2',
    ],
    ['SIP/2.0/UDP h;rport=1;received=9.9.9.9', '10.0.0.2', 99, 'SIP/2.0/UDP h;rport=99;received=10.0.0.2'],
    [
      'SIP/2.0/UDP h ; rport ; branch=x',
      '10.0.0.2',
      99,
      'SIP/2.0/UDP h ;rport=99; branch=x;received=10.0.0.2',
    ],
    [
      'SIP/2.0/UDP h;rport;branch=x, SIP/2.0/UDP b;rport',
      '::1',
      7,
      'SIP/2.0/UDP h;rport=7;branch=x;received=::1, SIP/2.0/UDP b;rport',
    ],
  ])('%s from %s:%d', (value, address, port, expected) => {
    const via = parseVia(splitTopVia(value).top);
    expect(via && withReceived(value, via, address, port).replace(/ +(?=;)/g, ' ')).toBe(expected);
  });
});
