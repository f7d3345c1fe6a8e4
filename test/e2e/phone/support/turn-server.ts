import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from '../../support/processes';
import { freePort, startProgram, until } from '../../support/processes';

const SECRET = 'between-the-switch-and-coturn';

/** A real TURN server (coturn) on loopback that takes credentials made of a shared secret. */
export class TurnServer {
  private constructor(
    readonly port: number,
    private readonly program: Program,
    private readonly folder: string,
  ) {}

  static async start(): Promise<TurnServer> {
    const port = await freePort();
    const relays = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'dce-turn-'));
    const program = startProgram(
      'turnserver',
      [
        ...['-n', '--listening-ip', '127.0.0.1', '--relay-ip', '127.0.0.1', '--listening-port', String(port)],
        ...['--min-port', String(relays), '--max-port', String(relays + 3)],
        ...['--use-auth-secret', '--static-auth-secret', SECRET, '--realm', 'dce.invalid'],
        ...['--no-cli', '--no-tls', '--no-dtls', '--allow-loopback-peers', '--verbose'],
        ...['--log-file', 'stdout', '--pidfile', join(folder, 'pid'), '--userdb', join(folder, 'users')],
      ],
      { cwd: folder },
    );
    const server = new TurnServer(port, program, folder);
    try {
      await until('coturn to listen', () => /UDP listener opened/.test(program.output()));
    } catch (error) {
      await server.stop();
      throw new Error(`coturn did not start: ${program.output()}`, { cause: error });
    }
    return server;
  }

  /** Settings by which a switch sends its phones here, and nowhere else. */
  get env(): Readonly<Record<string, string>> {
    return {
      DCE_PHONE_TURN_URLS: `turn:127.0.0.1:${this.port}?transport=udp`,
      DCE_PHONE_TURN_SECRET: SECRET,
      DCE_PHONE_RELAY_ONLY: 'true',
    };
  }

  output(): string {
    return this.program.output();
  }

  async stop(): Promise<void> {
    await this.program.stop('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
