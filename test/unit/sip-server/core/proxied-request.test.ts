import {
  addApplicationHeaders,
  forwardedRequest,
  withoutOurRoutes,
} from '../../../../src/sip-server/core/proxied-request';
import { readProxyRequest } from '../../../../src/sip-server/core/proxy';
import { RecordRoutes } from '../../../../src/sip-server/core/record-route';
import type { SipRequest } from '../../../../src/sip-server/message';
import { headerValue, headerValues } from '../../../../src/sip-server/message';

const flow = {
  protocol: 'udp' as const,
  address: '192.0.2.9',
  port: 5060,
  localAddress: '192.0.2.1',
  localPort: 5060,
  send: () => true,
};
const routes = new RecordRoutes('a secret');
const ours = routes.value(flow, 'call-1');
const nobody = (): boolean => false;

function request(uri: string, headers: readonly (readonly [string, string])[] = []): SipRequest {
  const given = [['Call-ID', 'call-1'], ...headers] as const;
  return {
    kind: 'request',
    method: 'INVITE',
    uri,
    headers: given.map(([name, value]) => ({ name, key: name.toLowerCase(), value })),
    body: 'v=0',
  };
}

describe('our Record-Route', () => {
  test('is known again by the same secret and for the same call only', () => {
    expect(routes.isOurs(ours, 'call-1')).toBe(true);
    expect(new RecordRoutes('a secret').isOurs(ours, 'call-1')).toBe(true);
    expect(routes.isOurs(ours, 'call-2')).toBe(false);
    expect(new RecordRoutes('another').isOurs(ours, 'call-1')).toBe(false);
    expect(routes.isOurs('<sip:192.0.2.1:5060;lr>', 'call-1')).toBe(false);
    expect(routes.isOurs('nonsense', 'call-1')).toBe(false);
  });
});

describe('Route entries that brought a request to us', () => {
  test('are taken off, also two, also in one line; those behind them stay', () => {
    const received = request('sip:bob@b', [['Route', `${ours}, ${ours}, <sip:next;lr>`]]);
    const taken = withoutOurRoutes(received, routes, nobody);
    expect(taken.ours).toBe(true);
    expect(headerValues(taken.request, 'route')).toEqual(['<sip:next;lr>']);
    expect(headerValue(received, 'route')).toContain(ours);
  });

  test('behind the route of another are not', () => {
    const taken = withoutOurRoutes(
      request('sip:bob@b', [['Route', `<sip:other;lr>, ${ours}`]]),
      routes,
      nobody,
    );
    expect(taken.ours).toBe(false);
    expect(headerValues(taken.request, 'route')).toHaveLength(2);
  });

  test('that only name our address are taken off, but prove nothing', () => {
    const received = request('sip:bob@b', [['Route', '<sip:us;lr>']]);
    const taken = withoutOurRoutes(received, routes, (uri) => uri === 'sip:us;lr');
    expect(taken).toMatchObject({ ours: false });
    expect(headerValues(taken.request, 'route')).toEqual([]);
  });

  test('a strict router put ours in the Request-URI: the last route is the real one (§16.4)', () => {
    const uri = ours.slice(1, -1);
    const taken = withoutOurRoutes(request(uri, [['Route', '<sip:next;lr>, <sip:bob@b>']]), routes, nobody);
    expect(taken.ours).toBe(true);
    expect(taken.request.uri).toBe('sip:bob@b');
    expect(headerValues(taken.request, 'route')).toEqual(['<sip:next;lr>']);
  });
});

describe('a copy for a target', () => {
  test.each([
    ['sip:carol@c', 'sip:carol@c', 'sip:carol@c'],
    ['sip:192.0.2.7:5080;transport=tcp', 'sip:bob@b', 'sip:192.0.2.7:5080;transport=tcp'],
    [undefined, 'sip:bob@b', 'sip:bob@b'],
  ])('%s', (target, uri, nextHop) => {
    const copy = forwardedRequest(request('sip:bob@b'), target);
    expect(copy).toMatchObject({ nextHop, request: { uri, body: 'v=0' } });
    expect(headerValue(copy.request, 'max-forwards')).toBe('69');
  });

  test('goes by the routes that are left; a strict router gets its own URI (§16.6 step 6)', () => {
    const loose = forwardedRequest(request('sip:bob@b', [['Route', '<sip:one;lr>']]), undefined);
    expect(loose).toMatchObject({ nextHop: 'sip:one;lr', request: { uri: 'sip:bob@b' } });
    const strict = forwardedRequest(
      request('sip:bob@b', [
        ['Route', '<sip:one>'],
        ['Route', '<sip:two;lr>'],
      ]),
      undefined,
    );
    expect(strict).toMatchObject({ nextHop: 'sip:one', request: { uri: 'sip:one' } });
    expect(headerValues(strict.request, 'route')).toEqual(['<sip:two;lr>', '<sip:bob@b>']);
  });

  test('leaves the original as it is', () => {
    const base = request('sip:bob@b', [['Max-Forwards', '5']]);
    const copy = forwardedRequest(base, 'sip:carol@c');
    expect(headerValue(copy.request, 'max-forwards')).toBe('4');
    expect([base.uri, headerValue(base, 'max-forwards')]).toEqual(['sip:bob@b', '5']);
  });
});

test('the application may add and replace headers, but none that hold the dialog together', () => {
  const target = request('sip:bob@b', [['X-Old', 'old']]);
  addApplicationHeaders(
    target,
    request('sip:dummy', [
      ['X-Old', 'new'],
      ['X-More', 'more'],
      ['Call-ID', 'other'],
      ['CSeq', '9 INVITE'],
      ['Via', 'SIP/2.0/UDP x'],
      ['Content-Length', '0'],
    ]),
  );
  expect(target.headers.map(({ name, value }) => `${name}: ${value}`)).toEqual([
    'Call-ID: call-1',
    'X-Old: new',
    'X-More: more',
  ]);
});

describe('the proxy frame', () => {
  const read = (line: string): ReturnType<typeof readProxyRequest> => readProxyRequest(line.split('|'));

  test('is read as drachtio-srf writes it', () => {
    expect(read('t1|remainInDialog|fullResponse|followRedirects|simultaneous|1s|1500ms|sip:a|sip:b')).toEqual(
      {
        fullResponse: true,
        plan: {
          targets: ['sip:a', 'sip:b'],
          simultaneous: true,
          followRedirects: true,
          remainInDialog: true,
          provisionalMs: 1_000,
          finalMs: 1_500,
        },
      },
    );
    expect(read('t1||||serial|||sip:a')).toMatchObject({
      fullResponse: false,
      plan: { simultaneous: false, remainInDialog: false, provisionalMs: undefined, finalMs: undefined },
    });
  });

  test.each([
    '',
    't1',
    't1||||serial||',
    '||||serial|||sip:a',
    `t1||||serial|||${new Array(17).fill('sip:a').join('|')}`,
  ])('%j says too little, or too much', (line) => expect(read(line)).toBeUndefined());

  test('times that are none are no times', () => {
    expect(read('t1||||serial|soon|-1s|sip:a')?.plan).toMatchObject({
      provisionalMs: undefined,
      finalMs: undefined,
    });
  });
});

describe('a connection that the peer opened (RFC 5626 §5.3)', () => {
  const phone = { ...flow, protocol: 'ws' as const, address: '2001:db8::7', port: 50_123, inbound: true };
  const named = routes.value(phone, 'call-1', true);

  test('is named by our Record-Route, and found again', () => {
    expect(routes.isOurs(named, 'call-1')).toBe(true);
    expect(routes.connectionOf(named)).toEqual({
      protocol: 'ws',
      address: '2001:db8::7',
      port: 50_123,
      standing: true,
    });
    expect(routes.connectionOf(ours)).toBeUndefined();
  });

  test('another name in its place is not ours', () => {
    const other = routes.value({ ...phone, port: 50_124 }, 'call-1', true);
    const [user] = /[^:]+(?=@)/.exec(other) ?? [];
    expect(routes.isOurs(named.replace(/:[^:]+@/, `:${user}@`), 'call-1')).toBe(false);
  });

  test('the side that a request leaves by is the last of ours', () => {
    const towardsPhone = withoutOurRoutes(
      request('sip:x@y.invalid', [['Route', `${ours}, ${named}`]]),
      routes,
      nobody,
    );
    expect([towardsPhone.entry, towardsPhone.exit]).toEqual([ours, named]);
    const fromPhone = withoutOurRoutes(request('sip:a@b', [['Route', `${named}, ${ours}`]]), routes, nobody);
    expect([fromPhone.entry, fromPhone.exit]).toEqual([named, ours]);
  });
});
