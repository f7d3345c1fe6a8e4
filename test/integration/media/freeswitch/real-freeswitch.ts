import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FreeswitchOptions, PromptStore } from '../../../../src/media';
import { PromptFolder } from '../../../../src/media';
import { FreeswitchEngine } from '../../../../src/media/freeswitch/freeswitch-engine';
import { Bench } from '../../sip-server/support';

/**
 * A FreeSWITCH with the configuration of freeswitch/, on this machine: `DCE_TEST_FREESWITCH=host:port` of its event
 * socket, `DCE_TEST_FREESWITCH_SECRET`. Without the first, tests that need one are not registered.
 */
export const REAL_FREESWITCH = process.env.DCE_TEST_FREESWITCH;

const PROMPTS = join(__dirname, '../../../../freeswitch/prompts');

export interface RealEngine {
  readonly engine: FreeswitchEngine;
  readonly prompts: PromptStore;
  readonly spoolDir: string;
  close(): Promise<void>;
}

/** An engine on it, with a SIP server between. */
export async function openRealEngine(options: Partial<FreeswitchOptions> = {}): Promise<RealEngine> {
  const [host = '', port] = (REAL_FREESWITCH ?? '').split(':');
  const spoolDir = join(tmpdir(), `dce-freeswitch-${process.pid}`);
  mkdirSync(spoolDir, { recursive: true });
  const sip = await Bench.start();
  const srf = await sip.application(() => undefined);
  const prompts = await PromptFolder.open(PROMPTS);
  const engine = await FreeswitchEngine.start({
    servers: [
      {
        host,
        port: Number(port),
        secret: process.env.DCE_TEST_FREESWITCH_SECRET ?? '',
        listenAddress: '127.0.0.1',
      },
    ],
    srf,
    spoolDir,
    prompts,
    promptsDir: PROMPTS,
    rtpTimeoutMs: 1_500,
    lookEveryMs: 250,
    ...options,
  });
  return {
    engine,
    prompts,
    spoolDir,
    async close() {
      await engine.close();
      await sip.close();
      rmSync(spoolDir, { recursive: true, force: true });
    },
  };
}
