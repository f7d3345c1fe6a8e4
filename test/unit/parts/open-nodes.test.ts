import { announceNode, nodeSipAddress } from '../../../src/parts/open-nodes';

test.each([
  [
    'its TCP listener',
    undefined,
    ['udp/10.0.0.7:5060', 'tcp/10.0.0.7:5062'],
    'sip:10.0.0.7:5062;transport=tcp',
  ],
  [
    'its UDP listener, where there is no other',
    undefined,
    ['wss/10.0.0.7:443', 'udp/10.0.0.7:5060'],
    'sip:10.0.0.7:5060;transport=udp',
  ],
  ['an address of IPv6', undefined, ['tcp/[2001:db8::1]:5060'], 'sip:[2001:db8::1]:5060;transport=tcp'],
  ['what is configured', 'udp:192.0.2.1:5070', ['tcp/10.0.0.7:5060'], 'sip:192.0.2.1:5070;transport=udp'],
  ['nowhere, when it listens everywhere', undefined, ['tcp/0.0.0.0:5060', 'udp/[::]:5060'], undefined],
  ['nowhere, when it listens for browsers alone', undefined, ['wss/10.0.0.7:443'], undefined],
])('a node is reached at %s', (_what, nodeAddress, listening, expected) => {
  expect(nodeSipAddress({ nodeAddress }, listening)).toBe(expected);
});

test.each([
  ['is announced', 'tcp/10.0.0.7:5062', 'sip:10.0.0.7:5062;transport=tcp', []],
  [
    'is warned of when the others cannot reach it',
    'tcp/0.0.0.0:5060',
    undefined,
    ['other nodes do not reach the phones of this one'],
  ],
])('a node %s', async (_what, listening, address, warnings) => {
  const announced: (string | undefined)[] = [];
  const warned: string[] = [];
  const heartbeat = {
    announce: (told: string | undefined) => {
      announced.push(told);
      return Promise.resolve();
    },
  };
  await announceNode(heartbeat, { nodeAddress: undefined }, [listening], (message) => () => {
    warned.push(message);
  });
  expect(announced).toEqual([address]);
  expect(warned).toEqual(warnings);
});
