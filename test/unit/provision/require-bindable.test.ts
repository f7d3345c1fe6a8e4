import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import type { WantedAddress } from '../../../src/provision';
import { requireBindable } from '../../../src/provision';
import { freePort } from '../../support/free-port';

const wanted = (protocol: 'udp' | 'tcp', port: number, address = '127.0.0.1'): WantedAddress => ({
  protocol,
  address,
  port,
  setting: 'a.setting (DCE_A_SETTING)',
});
const udp = (): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => resolve(socket));
  });
const tcp = (): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
const portOf = (one: Socket | Server): number => (one.address() as { port: number }).port;

test('addresses that are free pass, and are free afterwards', async () => {
  const port = await freePort();
  const addresses = [wanted('udp', port), wanted('tcp', port), wanted('udp', 0), wanted('tcp', 0, '::1')];
  await requireBindable(addresses, 0);
  await requireBindable(addresses, 0);
});

test('a port that is taken is named, with its protocol and the setting', async () => {
  const socket = await udp();
  const server = await tcp();
  const line = (protocol: string, port: number): string =>
    `${protocol} port ${port} on 127.0.0.1 is taken: end the program that has it, or change a.setting (DCE_A_SETTING)`;
  await expect(requireBindable([wanted('udp', portOf(socket))], 0)).rejects.toThrow(
    line('udp', portOf(socket)),
  );
  await expect(requireBindable([wanted('tcp', portOf(server))], 0)).rejects.toThrow(
    line('tcp', portOf(server)),
  );
  socket.close();
  server.close();
});

test('who is about to leave is waited for', async () => {
  const socket = await udp();
  const waiting = requireBindable([wanted('udp', portOf(socket))], 30_000);
  setTimeout(() => socket.close(), 50);
  await expect(waiting).resolves.toBeUndefined();
});

test.each(['udp', 'tcp'] as const)(
  'an address of another machine is named at once (%s)',
  async (protocol) => {
    await expect(requireBindable([wanted(protocol, 0, '192.0.2.1')])).rejects.toThrow(
      '192.0.2.1 is no address of this machine: change a.setting (DCE_A_SETTING)',
    );
  },
);
