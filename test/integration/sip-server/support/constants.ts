export const HOST = '127.0.0.1';
export const SECRET = 'between us';
/** Timers 25 times as fast as RFC 3261's, so that what must die out does so within a test. */
export const TIMERS = { t1: 20, t2: 80, t4: 100 };

export const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0',
  '',
].join('\r\n');
