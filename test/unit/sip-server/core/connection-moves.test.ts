import { ConnectionMoves } from '../../../../src/sip-server/core/connection-moves';
import type { Flow, Hop } from '../../../../src/sip-server/transport';

const hop = (port: number): Hop => ({ protocol: 'ws', address: '192.0.2.1', port, standing: true });
const flow = (port: number, inbound = true): Flow => ({
  protocol: 'ws',
  address: '192.0.2.1',
  port,
  localAddress: '192.0.2.9',
  localPort: 80,
  inbound,
  send: () => true,
});

test('a phone is where its last request of the call came from', () => {
  const moves = new ConnectionMoves();
  expect(moves.now('call', hop(1))).toEqual(hop(1));
  moves.seen('call', hop(1), flow(2));
  expect(moves.now('call', hop(1))).toEqual(hop(2));
  expect(moves.now('another', hop(1))).toEqual(hop(1));
  moves.seen('call', hop(1), flow(1));
  expect(moves.now('call', hop(1))).toEqual(hop(1));
});

test('what came by a connection of ours, or names none, moves nobody', () => {
  const moves = new ConnectionMoves();
  moves.seen('call', hop(1), flow(2, false));
  moves.seen('call', undefined, flow(2));
  expect(moves.now('call', hop(1))).toEqual(hop(1));
});

test('ten thousand calls are remembered, the latest', () => {
  const moves = new ConnectionMoves();
  for (let n = 0; n <= 10_000; n++) moves.seen(`call-${n}`, hop(1), flow(2));
  expect(moves.now('call-0', hop(1))).toEqual(hop(1));
  expect(moves.now('call-1', hop(1))).toEqual(hop(2));
  expect(moves.now('call-10000', hop(1))).toEqual(hop(2));
});
