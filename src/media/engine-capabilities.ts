import type { MediaCapability } from '../domain';
import type { MediaEngine } from './media-engine';

/** What each engine can do beside joining two legs, whichever of it runs: plans are checked by it without one. */
export const ENGINE_CAPABILITIES: Readonly<Record<MediaEngine['name'], ReadonlySet<MediaCapability>>> = {
  mediasoup: new Set([
    'play',
    'gather',
    'record',
    'whisper',
    'voicemail',
    'monitor',
    'machine_detection',
    'inband_digits',
    'webrtc',
  ]),
  freeswitch: new Set([
    'play',
    'gather',
    'record',
    'whisper',
    'voicemail',
    'monitor',
    'machine_detection',
    'inband_digits',
    'transcode',
  ]),
  passthrough: new Set(),
};
