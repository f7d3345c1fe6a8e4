import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** An address to listen on, and the setting that names it. */
export interface WantedAddress {
  readonly protocol: 'udp' | 'tcp';
  /** Without brackets; a host name for TCP only. */
  readonly address: string;
  /** 0 = any, which is always free. */
  readonly port: number;
  /** What an operator changes, e.g. `sip.listen (DCE_SIP_LISTEN)`. */
  readonly setting: string;
}

/** A predecessor that is still saying goodbye may hold its ports for a moment. */
const PATIENCE_MS = 2_000;
const POLL_MS = 100;

/**
 * Makes sure that every address can be listened on, before anything is started that would have to be
 * stopped again.
 * @throws Error in one line that names the first that cannot, and the setting to change
 */
export async function requireBindable(
  wanted: readonly WantedAddress[],
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (const one of wanted) {
    for (;;) {
      const error = await tryToBind(one);
      if (!error) break;
      if (error.code === 'EADDRINUSE' && performance.now() < deadline) {
        await new Promise((wait) => setTimeout(wait, POLL_MS));
        continue;
      }
      throw new Error(trouble(one, error), { cause: error });
    }
  }
}

function tryToBind({ protocol, address, port }: WantedAddress): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    if (protocol === 'tcp') {
      const server = createServer();
      server.once('error', resolve);
      server.listen(port, address, () => server.close(() => resolve(undefined)));
    } else {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      socket.once('error', (error) => {
        socket.close();
        resolve(error);
      });
      socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(undefined)));
    }
  });
}

function trouble(
  { protocol, address, port, setting }: WantedAddress,
  { code, message }: NodeJS.ErrnoException,
): string {
  switch (code) {
    case 'EADDRINUSE':
      return `${protocol} port ${port} on ${address} is taken: end the program that has it, or change ${setting}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${address} is no address of this machine: change ${setting}`;
    case 'EACCES':
      return `no right to listen on ${protocol} port ${port}: choose one from 1024 on, or change ${setting}`;
    default:
      return `${protocol} ${address} port ${port} cannot be listened on (${message}): change ${setting}`;
  }
}
