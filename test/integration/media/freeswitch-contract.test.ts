import { ENGINE_CAPABILITIES } from '../../../src/media';
import { engineContract } from './engine-contract';
import { freeswitchBeside } from './freeswitch/beside';
import { openRealEngine, REAL_FREESWITCH } from './freeswitch/real-freeswitch';

if (REAL_FREESWITCH === undefined) {
  test('the suite of engines runs on a FreeSWITCH where there is one', () => {
    expect(process.env.DCE_TEST_FREESWITCH).toBeUndefined();
  });
} else {
  const open = async () => ({ ...(await openRealEngine()), exact: false });
  engineContract('freeswitch', { capabilities: [...ENGINE_CAPABILITIES.freeswitch], open });
  freeswitchBeside(open);
}
