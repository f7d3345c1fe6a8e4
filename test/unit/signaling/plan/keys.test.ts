import { keyOfInfo } from '../../../../src/signaling/plan/keys';

test.each<[string, string, string | undefined]>([
  ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5'],
  ['application/dtmf-relay; charset=utf-8', 'signal= #\nduration=100', '#'],
  ['Application/DTMF-Relay', 'Duration=160\r\nSignal = 10\r\n', '*'],
  ['application/dtmf-relay', 'Signal=a\r\n', 'A'],
  ['application/dtmf-relay', 'Signal=55\r\n', undefined],
  ['application/dtmf-relay', 'Duration=160\r\n', undefined],
  ['application/dtmf', '7', '7'],
  ['application/dtmf', ' 11\r\n', '#'],
  ['application/dtmf', '77', undefined],
  ['application/media_control+xml', '<picture_fast_update/>', undefined],
  ['', '5', undefined],
])('an INFO of %j that says %j is the key %j', (contentType, body, key) => {
  expect(keyOfInfo(contentType, body)).toBe(key);
});
