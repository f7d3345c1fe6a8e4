import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Flow, OnMessage } from './flow';
import { LocalAddress } from './local-address';

const SOCKET_BUFFER = 4 * 1024 * 1024;

/** One UDP socket that takes and sends SIP datagrams. */
export class UdpTransport {
  readonly #socket: Socket;

  private constructor(
    socket: Socket,
    readonly local: LocalAddress,
    readonly localPort: number,
    onMessage: OnMessage,
  ) {
    this.#socket = socket;
    socket.on('message', (data, from) => {
      onMessage(data.toString('latin1'), this.flowTo(from.address, from.port));
    });
  }

  /** @throws Error of the operating system when the address cannot be bound */
  static listen(
    address: string,
    port: number,
    external: string | undefined,
    onMessage: OnMessage,
    onError: (error: Error) => void,
  ): Promise<UdpTransport> {
    const type = isIPv6(address) ? 'udp6' : 'udp4';
    // Addresses are numeric already: Node's own look-up would cost a tick for each datagram.
    const lookup = (
      host: string,
      _options: unknown,
      done: (error: null, address: string, family: number) => void,
    ): void => done(null, host, type === 'udp6' ? 6 : 4);
    const socket = createSocket({ type, ipv6Only: type === 'udp6', lookup: lookup as never });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => {
        socket.removeListener('error', reject);
        socket.on('error', onError);
        growBuffers(socket);
        const bound = socket.address();
        const local = new LocalAddress(bound.address, external);
        resolve(new UdpTransport(socket, local, bound.port, onMessage));
      });
    });
  }

  flowTo(address: string, port: number): Flow {
    return new UdpFlow(this.#socket, address, port, this.local.seenBy(address), this.localPort);
  }

  close(): void {
    this.#socket.close();
  }
}

class UdpFlow implements Flow {
  readonly protocol = 'udp';
  readonly #socket: Socket;

  constructor(
    socket: Socket,
    readonly address: string,
    readonly port: number,
    readonly localAddress: string,
    readonly localPort: number,
  ) {
    this.#socket = socket;
  }

  send(text: string): boolean {
    return this.sendTo(text, this.port);
  }

  /** The same peer at another port (a Via without rport). */
  sendTo(text: string, port: number): boolean {
    try {
      this.#socket.send(Buffer.from(text, 'latin1'), port, this.address);
      return true;
    } catch {
      return false;
    }
  }
}

/** A burst of calls must not overflow the kernel's queue; less than asked for is still something. */
function growBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER);
    socket.setSendBufferSize(SOCKET_BUFFER);
  } catch {
    // The kernel's own limit stands.
  }
}
