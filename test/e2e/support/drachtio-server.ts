import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProgram } from './processes';

/** Path of a drachtio-server's binary: with it, the scenarios run on that instead of the embedded SIP server. */
export const DRACHTIO_BINARY = process.env.DCE_TEST_DRACHTIO_SERVER;

const SECRET = 'between-us';

/** PEM files of what listeners with TLS show. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface DrachtioOptions {
  /** Where it listens by UDP and TCP. */
  readonly sipPort: number;
  /** More places to listen, as `wss:127.0.0.1:5066`. */
  readonly listen: readonly string[];
  readonly tls?: TlsFiles | undefined;
  /** RFC 3261 timer T1; the others follow from it. */
  readonly t1Ms: number;
}

/** A real drachtio-server on loopback, and the settings by which a switch uses it. */
export interface DrachtioServer {
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startDrachtioServer(binary: string, options: DrachtioOptions): Promise<DrachtioServer> {
  const { sipPort, listen, tls, t1Ms } = options;
  const controlPort = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'dce-drachtio-'));
  const file = join(folder, 'drachtio.conf.xml');
  const contacts = [`sip:127.0.0.1:${sipPort};transport=udp,tcp`, ...listen.map(contactOf)];
  writeFileSync(
    file,
    `<drachtio>
  <admin port="${controlPort}" secret="${SECRET}">127.0.0.1</admin>
  <sip>
    <contacts>${contacts.map((contact) => `<contact>${contact}</contact>`).join('')}</contacts>
    ${tls ? `<tls><key-file>${tls.keyFile}</key-file><cert-file>${tls.certFile}</cert-file></tls>` : ''}
    <timers><t1>${t1Ms}</t1><t1x64>${t1Ms * 64}</t1x64><t2>${t1Ms * 8}</t2><t4>${t1Ms * 10}</t4></timers>
  </sip>
  <cdrs>false</cdrs>
  <logging><console/><sofia-loglevel>0</sofia-loglevel><loglevel>error</loglevel></logging>
</drachtio>
`,
  );
  const program = startProgram(binary, ['-f', file], { cwd: folder });
  return {
    env: {
      DCE_SIP_DRACHTIO_HOST: '127.0.0.1',
      DCE_SIP_DRACHTIO_PORT: String(controlPort),
      DCE_SIP_DRACHTIO_SECRET: SECRET,
    },
    stop: async () => {
      await program.stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `wss:127.0.0.1:5066` as drachtio-server has it. */
function contactOf(listener: string): string {
  const [, transport = '', place = ''] = /^(\w+):(.*)$/.exec(listener) ?? [];
  const scheme = transport === 'wss' || transport === 'tls' ? 'sips' : 'sip';
  return `${scheme}:${place};transport=${transport}`;
}
