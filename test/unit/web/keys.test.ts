import type { CallState } from '../../../src/web/phone/core/call-machine';
import { callReducer, IDLE } from '../../../src/web/phone/core/call-machine';
import { commandFor } from '../../../src/web/phone/core/keys';

const card = { callId: 'c', campaign: 'x' };
const ringing = callReducer(IDLE, { type: 'invited', callId: 'c', card, at: 0 });
const answering = callReducer(ringing, { type: 'answering' });
const active = callReducer(answering, { type: 'established', at: 1 });
const ended = callReducer(active, { type: 'ended', by: 'caller', at: 2 });
const pressed = (key: string, call: CallState, keypadOpen = false) => commandFor(key, { call, keypadOpen });

test('keys answer and decline a call that rings, and no other', () => {
  expect(['a', 'A', 'd'].map((key) => pressed(key, ringing))).toEqual(['answer', 'answer', 'decline']);
  for (const call of [IDLE, active, ended])
    expect(['a', 'd'].map((key) => pressed(key, call))).toEqual([undefined, undefined]);
});

test('a call that is being answered can still be declined, for as long as the browser asks', () => {
  expect(['a', 'd', 'e'].map((key) => pressed(key, answering))).toEqual([undefined, 'decline', 'decline']);
});

test('keys act on a call that is up', () => {
  expect(['m', 'h', 'k', 't', 'e'].map((key) => pressed(key, active))).toEqual([
    'mute',
    'hold',
    'keypad',
    'transfer',
    'hang_up',
  ]);
  expect(['m', 'h', 'k', 't', 'e'].map((key) => pressed(key, ringing))).toEqual(Array(5).fill(undefined));
});

test('of a call that is only listened to, keys mute and end alone; of others they pause the recording', () => {
  const invited = { type: 'invited', callId: 'm', card: { ...card, monitoring: 'listen' }, at: 0 } as const;
  const listening = callReducer(callReducer(callReducer(IDLE, invited), { type: 'answering' }), {
    type: 'established',
    at: 1,
  });
  const keys = ['m', 'e', 'h', 'k', 't', 'p', '5'];
  expect(keys.map((key) => pressed(key, listening, true))).toEqual([
    'mute',
    'hang_up',
    ...Array<undefined>(5),
  ]);
  expect(pressed('p', active)).toBe('recording');
});

test('digits are sent only while the keypad is open', () => {
  expect(pressed('5', active)).toBeUndefined();
  expect(pressed('5', active, true)).toEqual({ digit: '5' });
  expect(pressed('#', active, true)).toEqual({ digit: '#' });
  expect(pressed('5', ringing, true)).toBeUndefined();
});

test('what lies open closes, and the list of keys shows, at any time', () => {
  for (const call of [IDLE, ringing, answering, active, ended]) {
    expect(pressed('Escape', call)).toBe('close');
    expect(pressed('?', call)).toBe('help');
  }
  expect(pressed('r', ended)).toBe('ready');
});
