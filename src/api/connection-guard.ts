import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** How many may be connected, and how long a client that reads nothing is waited for. */
export interface ConnectionRules {
  /** Connections at once. */
  readonly max: number;
  /** The same from one address; of IPv6, from one /64. */
  readonly maxPerAddress: number;
  /** Milliseconds in which a client must take something of what waits for it. */
  readonly sendMs: number;
}

/**
 * Why a connection was not taken, or was ended: there are too many (`total`), or too many of its address, or its client
 * reads too slowly.
 */
export type ConnectionRefusal = 'total' | 'address' | 'unread';

export interface ConnectionGuardOptions extends ConnectionRules {
  /** Of whom a connection is, by its remote address; undefined: its address is not counted. */
  readonly ownerOf: (address: string) => string | undefined;
  readonly onRefused: (why: ConnectionRefusal) => void;
  /** Told how many there are, whenever that changes. */
  readonly onOpen: (connections: number) => void;
}

/** What a client had taken, and how often it was seen since that it has taken nothing more. */
interface Taken {
  bytes: number;
  looks: number;
}

/**
 * How often it is looked whether clients read, within the time that they have. Looks are counted, not the time: where
 * this process stood still, nobody could read.
 */
const LOOKS = 4;

/**
 * Bounds what clients can hold of a server by being connected: how many there are, of all and of each address, and
 * answers that nobody takes. What Node.js bounds by itself (headers and bodies that do not come, connections that are
 * not used) is configured where the server is made.
 *
 * Something of what waits must be gone each `sendMs`. Who reads at a crawl is not told from who reads nothing by the
 * byte: a piece counts as a whole, when the last of it was handed to the network.
 */
export function guardConnections(server: Server, options: ConnectionGuardOptions): void {
  const { max, maxPerAddress, sendMs, ownerOf, onRefused, onOpen } = options;
  const owners = new Map<string, number>();
  const taken = new Map<Socket, Taken>();
  let open = 0;

  const count = (by: 1 | -1, owner: string | undefined): void => {
    onOpen((open += by));
    if (owner === undefined) return;
    const held = (owners.get(owner) ?? 0) + by;
    if (held > 0) owners.set(owner, held);
    else owners.delete(owner);
  };
  const look = (): void => {
    for (const [socket, before] of taken) {
      const bytes = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || bytes !== before.bytes) {
        before.bytes = bytes;
        before.looks = 0;
      } else if (++before.looks >= LOOKS) {
        onRefused('unread');
        socket.destroy();
      }
    }
  };
  const watch = (socket: Socket): void => {
    if (socket.destroyed) return;
    taken.set(socket, { bytes: 0, looks: 0 });
    socket.once('close', () => taken.delete(socket));
  };

  // Beyond that nothing is made of a connection.
  server.maxConnections = max;
  server.on('drop', () => onRefused('total'));
  server.on('connection', (socket: Socket) => {
    const owner = ownerOf(socket.remoteAddress ?? '');
    if (owner !== undefined && (owners.get(owner) ?? 0) >= maxPerAddress) {
      onRefused('address');
      socket.destroy();
      return;
    }
    count(1, owner);
    socket.once('close', () => count(-1, owner));
  });
  // Over TLS answers are written to a socket on top of the one that is connected.
  if ('setSecureContext' in server) server.on('secureConnection', (socket: TLSSocket) => watch(socket));
  else server.on('connection', watch);
  server.once('listening', () => {
    const timer = setInterval(look, Math.ceil(sendMs / LOOKS));
    server.once('close', () => clearInterval(timer));
  });
}
