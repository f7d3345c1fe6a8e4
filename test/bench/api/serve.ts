import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Tells whoever forked this process where it serves, and how much of a processor it has used whenever asked. */
export function serve(server: Server): void {
  const tell = (message: unknown): void => void process.send?.(message);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    tell(user + system);
  });
  process.on('disconnect', () => process.exit());
  const told = (): void => tell((server.address() as AddressInfo).port);
  if (server.listening) told();
  else server.once('listening', told);
}
