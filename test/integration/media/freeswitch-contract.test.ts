import { ENGINE_CAPABILITIES } from '../../../src/media';
import { engineContract } from './engine-contract';
import { openRealEngine, REAL_FREESWITCH } from './freeswitch/real-freeswitch';

if (REAL_FREESWITCH === undefined) {
  test('the suite of engines runs on a FreeSWITCH where there is one', () => {
    expect(process.env.DCE_TEST_FREESWITCH).toBeUndefined();
  });
} else {
  engineContract('freeswitch', {
    capabilities: [...ENGINE_CAPABILITIES.freeswitch],
    async open() {
      const { engine, prompts, close } = await openRealEngine();
      return { engine, prompts, exact: false, close };
    },
  });
}
