import { BlockList, isIPv6 } from 'node:net';
import type { FromChild, ToChild } from './child-protocol';
import { SipServer } from './server';

/** The SIP server as a process of its own: told what to do by its parent, and gone when the parent is. */
function main(): void {
  let server: SipServer | undefined;
  const tell = (message: FromChild, then: () => void = () => undefined): void => {
    // The parent may go while we speak.
    if (process.connected) process.send?.(message, then);
    else then();
  };
  let leaving = false;
  const leave = async (): Promise<void> => {
    if (leaving) return;
    leaving = true;
    await server?.shutdown();
    process.exit(0);
  };
  process.on('message', (message: ToChild) => {
    if (message.type === 'start') {
      const started = new SipServer({
        ...message.options,
        log: (level, text, fields) => tell({ type: 'log', level, message: text, fields }),
        onFlows: (changes) => tell({ type: 'flows', changes }),
      });
      server = started;
      started.start().then(
        () => tell({ type: 'ready', listening: started.listening, controlPort: started.controlPort }),
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
          tell({ type: 'failed', message, code }, () => process.exit(1));
        },
      );
    } else if (message.type === 'admit') server?.admit(sourceFilter(message.sources));
    else if (server) {
      const { user, system } = process.cpuUsage();
      tell({ type: 'stats', id: message.id, stats: server.stats(), cpuMicros: user + system });
    }
  });
  // A parent that was killed cannot end its calls: they are hung up here, at once.
  process.on('disconnect', () => void leave());
  process.on('SIGTERM', () => void leave());
  // Ctrl-C reaches the whole group; the parent decides when calls are done.
  process.on('SIGINT', () => undefined);
}

function sourceFilter(sources: readonly string[] | undefined): (address: string) => boolean {
  if (sources === undefined) return () => true;
  const list = new BlockList();
  for (const source of sources) {
    const [address = '', prefix] = source.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

main();
