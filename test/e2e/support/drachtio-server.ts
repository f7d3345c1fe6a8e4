import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from './processes';
import { freePort, startProgram } from './processes';

/** Path of a drachtio-server's binary: with it, the scenarios run on that instead of the embedded SIP server. */
export const DRACHTIO_BINARY = process.env.DCE_TEST_DRACHTIO_SERVER;

const SECRET = 'between-us';

/** A real drachtio-server on loopback, and the settings by which a switch uses it. */
export interface DrachtioServer {
  readonly program: Program;
  readonly env: Readonly<Record<string, string>>;
}

/** @param t1Ms - RFC 3261 timer T1; the others follow from it */
export async function startDrachtioServer(
  binary: string,
  sipPort: number,
  t1Ms: number,
): Promise<DrachtioServer> {
  const controlPort = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'dce-drachtio-'));
  const file = join(folder, 'drachtio.conf.xml');
  writeFileSync(
    file,
    `<drachtio>
  <admin port="${controlPort}" secret="${SECRET}">127.0.0.1</admin>
  <sip>
    <contacts><contact>sip:127.0.0.1:${sipPort};transport=udp,tcp</contact></contacts>
    <timers><t1>${t1Ms}</t1><t1x64>${t1Ms * 64}</t1x64><t2>${t1Ms * 8}</t2><t4>${t1Ms * 10}</t4></timers>
  </sip>
  <cdrs>false</cdrs>
  <logging><console/><sofia-loglevel>0</sofia-loglevel><loglevel>error</loglevel></logging>
</drachtio>
`,
  );
  return {
    program: startProgram(binary, ['-f', file], { cwd: folder }),
    env: {
      DCE_SIP_DRACHTIO_HOST: '127.0.0.1',
      DCE_SIP_DRACHTIO_PORT: String(controlPort),
      DCE_SIP_DRACHTIO_SECRET: SECRET,
    },
  };
}
