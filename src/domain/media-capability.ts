/**
 * What a media engine may be able to do beside joining two legs. `play` prompts; `gather` keys; `record` in
 * stereo; `whisper` to who answers, before the caller is joined; `voicemail`: record the caller alone;
 * `monitor`: let a supervisor listen, whisper and barge; `machine_detection` of who answers; `inband_digits`: hear
 * keys as tones; `transcode` between codecs; `webrtc`: carry browsers.
 */
export const MEDIA_CAPABILITIES = [
  'play',
  'gather',
  'record',
  'whisper',
  'voicemail',
  'monitor',
  'machine_detection',
  'inband_digits',
  'transcode',
  'webrtc',
] as const;
export type MediaCapability = (typeof MEDIA_CAPABILITIES)[number];
