import { join } from 'node:path';
import { ENGINE_CAPABILITIES, PromptFolder } from '../../../src/media';
import { engineContract } from './engine-contract';
import { Harness } from './harness';

engineContract('mediasoup', {
  capabilities: [...ENGINE_CAPABILITIES.mediasoup],
  async open() {
    const prompts = await PromptFolder.open(join(__dirname, '../../../freeswitch/prompts'));
    const { engine } = await Harness.start(6, { prompts });
    return { engine, prompts, exact: true, close: () => engine.close() };
  },
});
