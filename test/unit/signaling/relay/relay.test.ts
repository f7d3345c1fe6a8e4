import fc from 'fast-check';
import type { Binding, Flow } from '../../../../src/signaling';
import { Relay } from '../../../../src/signaling';
import { AskerTokens } from '../../../../src/signaling/relay/asker-tokens';
import { FlowTokens } from '../../../../src/signaling/relay/flow-tokens';
import { ScriptedInvite } from '../fakes';

const SECRET = Buffer.from('shared by all nodes');
const CONTACT = 'sip:k2j3h4@a1b2c3.invalid;transport=ws;ob';
const FLOW: Flow = { transport: 'wss', address: '198.51.100.9', port: 50_123 };
let now = 1_000_000_000_000;
const clock = (): number => now;

beforeEach(() => (now = 1_000_000_000_000));

const flow: fc.Arbitrary<Flow> = fc.record({
  transport: fc.constantFrom('udp', 'tcp', 'tls', 'ws', 'wss'),
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
});
const contact = fc.constantFrom(CONTACT, 'sip:10.0.0.4:5060', 'sips:ann@phone.example', 'sip:a@b?x=1');

test('what one node seals, another opens, and the contact stays what it was', () => {
  fc.assert(
    fc.property(contact, flow, fc.integer({ min: 0, max: 120 }), (uri, to, seconds) => {
      now = 1_000_000_000_000;
      const sealed = new FlowTokens(SECRET, clock).seal(uri, to);
      expect(sealed.replace(/;dce-flow=[^?]*/, '')).toBe(uri);
      now += seconds * 1000;
      expect(new FlowTokens(SECRET, clock).open(sealed)).toEqual(to);
    }),
  );
});

test('what was changed on the way leads nowhere', () => {
  fc.assert(
    fc.property(flow, fc.nat(), fc.constantFrom('A', 'z', '0', '-', '.', ';'), (to, at, letter) => {
      const tokens = new FlowTokens(SECRET, clock);
      const sealed = tokens.seal(CONTACT, to);
      const place = at % sealed.length;
      const changed = sealed.slice(0, place) + letter + sealed.slice(place + 1);
      fc.pre(changed !== sealed);
      const opened = tokens.open(changed);
      // The last letter of the MAC carries two bits that say nothing.
      if (place === sealed.length - 1)
        expect(['bad', JSON.stringify(to)]).toContain(opened === 'bad' ? opened : JSON.stringify(opened));
      else expect(opened === 'bad' || opened === undefined).toBe(true);
    }),
  );
});

test.each([
  ['too old', () => ((now += 121_000), new FlowTokens(SECRET, clock))],
  ['of another exchange', () => new FlowTokens(Buffer.from('another'), clock)],
])('a URI %s is refused', (_what, tokens) => {
  const sealed = new FlowTokens(SECRET, clock).seal(CONTACT, FLOW);
  expect(tokens().open(sealed)).toBe('bad');
});

test('a URI without a token is for nobody here', () => {
  expect(new FlowTokens(SECRET, clock).open(CONTACT)).toBeUndefined();
});

describe('who asks, as one node tells another', () => {
  const asker = fc.record({
    agentId: fc.string(),
    callId: fc.string(),
    sourceAddress: fc.oneof(fc.ipV4(), fc.ipV6()),
  });

  test('is what it said, for that INVITE', () => {
    fc.assert(
      fc.property(asker, fc.string(), (said, callId) => {
        const token = new AskerTokens(SECRET, clock).seal(said, callId);
        expect(token).toMatch(/^[\w.-]+$/);
        expect(new AskerTokens(SECRET, clock).open(token, callId)).toEqual(said);
        expect(new AskerTokens(SECRET, clock).open(token, `${callId}x`)).toBeUndefined();
      }),
    );
  });

  test('is nobody of another exchange, or of long ago, and no connection is one', () => {
    const said = { agentId: 'ann', callId: 'call-1', sourceAddress: '198.51.100.9' };
    const token = new AskerTokens(SECRET, clock).seal(said, 'one');
    expect(new AskerTokens(Buffer.from('another'), clock).open(token, 'one')).toBeUndefined();
    const [, flowToken = ''] = /dce-flow=(.*)/.exec(new FlowTokens(SECRET, clock).seal('one', FLOW)) ?? [];
    expect(new AskerTokens(SECRET, clock).open(flowToken, 'one')).toBeUndefined();
    now += 121_000;
    expect(new AskerTokens(SECRET, clock).open(token, 'one')).toBeUndefined();
  });
});

describe('the relay', () => {
  const relayOf = (addresses: Record<string, string> = {}) =>
    new Relay({ secret: SECRET, addressOf: (node) => addresses[node], now: clock });
  const binding = { contact: CONTACT, flow: FLOW, nodeId: 'b' } as Binding;

  class Relayed extends ScriptedInvite {
    readonly routes: string[] = [];
    constructor(override readonly requestUri: string) {
      super();
    }
    override relay(route?: string): Promise<void> {
      this.routes.push(route ?? '');
      return Promise.resolve();
    }
  }

  test('rings a phone of another node by that node, which hands it on to the connection', () => {
    const via = relayOf({ b: 'sip:192.0.2.2:5060;transport=tcp' }).routeVia(binding);
    expect(via?.route).toBe('sip:192.0.2.2:5060;transport=tcp');
    const invite = new Relayed(via?.uri ?? '');
    expect(relayOf().take(invite)).toBe(true);
    expect(invite.routes).toEqual(['sip:198.51.100.9:50123;transport=wss']);
    expect(invite.finals).toEqual([]);
  });

  test('knows no way to a node that is not there', () => {
    expect(relayOf().routeVia(binding)).toBeUndefined();
  });

  test('leaves other calls alone, and refuses what is forged', () => {
    const call = new Relayed('sip:+18005550100@switch');
    expect(relayOf().take(call)).toBe(false);
    expect(call.finals).toEqual([]);
    const forged = new Relayed(
      `${CONTACT};dce-flow=${Buffer.from('9999999999 ws 10.0.0.1 80').toString('base64url')}.${'A'.repeat(43)}`,
    );
    expect(relayOf().take(forged)).toBe(true);
    expect(forged.finals).toEqual([403]);
    expect(forged.routes).toEqual([]);
  });
});
