import type { FreeswitchEngine, FreeswitchOptions } from './freeswitch-engine';

/**
 * Starts the engine; its libraries are loaded only now.
 * @throws Error when the spool cannot be written to
 */
export async function openFreeswitch(options: FreeswitchOptions): Promise<FreeswitchEngine> {
  const { FreeswitchEngine: Engine } = await import('./freeswitch-engine.js');
  return Engine.start(options);
}
