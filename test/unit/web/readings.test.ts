import fc from 'fast-check';
import { readCard, readMonitoring } from '../../../src/web/phone/core/card';
import { dialAddress, domainOf } from '../../../src/web/phone/core/dial-address';
import { clockTime, instantOf, money, phoneNumber, tagName, talkTime } from '../../../src/web/shared/format';
import { asksForHold } from '../../../src/web/phone/core/hold';
import { presenceOf, readPresences, readQuality, readQueue } from '../../../src/web/phone/core/news';
import { answeredElsewhere, fragStatus } from '../../../src/web/phone/core/sip-reason';
import { connectFrame, readFrame } from '../../../src/web/shared/socketio';
import { troubleOf } from '../../../src/web/phone/core/troubles';

const header = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the card of a call', () => {
  it('holds what the switch shows, in any script', () => {
    const card = {
      callId: 'c1',
      campaign: 'Seguro de automóvil',
      state: 'FL',
      number: '+13055550100',
      price: 42_500_000,
      currency: 'USD',
      tags: { vehicle: 'Škoda' },
    };
    expect(readCard('c1', header(card))).toEqual(card);
  });

  it('lets a call ring whatever stands in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString('base64url')),
        ),
        (text) => {
          const card = readCard('c1', text);
          expect(card.callId).toBe('c1');
          expect(typeof card.campaign).toBe('string');
        },
      ),
    );
    expect(readCard('c1', undefined)).toEqual({ callId: 'c1', campaign: '' });
    expect(readCard('c1', header({ campaign: 'x', monitoring: 'whisper' }))).toMatchObject({
      monitoring: 'whisper',
    });
    expect(readCard('c1', header({ campaign: 'x', monitoring: 'spy' }))).toEqual({
      callId: 'c1',
      campaign: 'x',
    });
  });

  it('is told anew how the phone listens in, and of nothing else', () => {
    const type = 'application/vnd.dce.card+json';
    expect(readMonitoring(type, '{"monitoring":"barge"}')).toBe('barge');
    expect(readMonitoring(`${type.toUpperCase()}; charset=utf-8`, '{"monitoring":"listen"}')).toBe('listen');
    for (const body of ['{"monitoring":"spy"}', '{}', '[]', 'null', '{', '', ' '.repeat(9_000)]) {
      expect(readMonitoring(type, body)).toBeUndefined();
    }
    expect(readMonitoring('application/dtmf-relay', '{"monitoring":"barge"}')).toBeUndefined();
    expect(readMonitoring(undefined, '{"monitoring":"barge"}')).toBeUndefined();
  });

  it('leaves out what is of another kind', () => {
    const odd = { campaign: 7, price: 'much', state: '', tags: { a: 1, b: 'two' } };
    expect(readCard('c1', header(odd))).toEqual({ callId: 'c1', campaign: '', tags: { b: 'two' } });
  });
});

describe('what SIP says of an end', () => {
  it('is that a colleague answered, by cause 200 alone', () => {
    expect(answeredElsewhere(['SIP;cause=200;text="Call completed elsewhere"'])).toBe(true);
    expect(answeredElsewhere(['Q.850;cause=16', 'SIP ;cause=200'])).toBe(true);
    expect(answeredElsewhere(['SIP;cause=487'])).toBe(false);
    expect(answeredElsewhere(['Q.850;cause=200'])).toBe(false);
    expect(answeredElsewhere([])).toBe(false);
  });

  it('is the status of a fragment', () => {
    expect(fragStatus('SIP/2.0 200 OK\r\n')).toBe(200);
    expect(fragStatus('SIP/2.0 486')).toBe(486);
    expect(fragStatus('HTTP/1.1 200 OK')).toBeUndefined();
    expect(fragStatus(undefined)).toBeUndefined();
  });
});

describe('a number that somebody types', () => {
  it('becomes an address of the domain', () => {
    expect(dialAddress('+1 (305) 555-0100', 'dce.invalid')).toBe('sip:+13055550100@dce.invalid');
    expect(dialAddress('911', 'dce.invalid')).toBe('sip:911@dce.invalid');
  });

  it.each(['', 'agent.two', '12', '1234567890123456', 'sip:a@b', '555;user=phone', '+', '1?x=y'])(
    'is none: %j',
    (typed) => expect(dialAddress(typed, 'dce.invalid')).toBeUndefined(),
  );

  it('takes the domain from the phone’s own address', () => {
    expect(domainOf('sip:agent.one@phones.example:5060;transport=ws')).toBe('phones.example');
    expect(domainOf('sip:agent.one@[2001:db8::1]:5060')).toBe('[2001:db8::1]');
  });
});

describe('news', () => {
  it('are read one by one or as a list, and what is none is left out', () => {
    const one = { agentId: 'a1', state: 'on_call', since: 5 };
    expect(readPresences(one)).toEqual([one]);
    expect(readPresences([one, { agentId: 'a2', state: 'asleep' }, null, 'x'])).toEqual([one]);
    expect(presenceOf({ state: 'away' })).toBe('away');
    expect(presenceOf('gone')).toBeUndefined();
  });

  it('of queues and quality have their fields', () => {
    expect(readQueue({ teamId: 't', waiting: 3 })).toEqual({ teamId: 't', waiting: 3 });
    expect(readQueue({ teamId: 't' })).toBeUndefined();
    expect(readQuality({ callId: 'c', legs: { caller: { mos: 4.1, jitterMs: 'x' } } })).toEqual({
      callId: 'c',
      legs: { caller: { mos: 4.1, jitterMs: undefined, lossPercent: undefined, rttMs: undefined } },
    });
    expect(readQuality({ callId: 'c' })).toBeUndefined();
  });
});

describe('frames of Socket.IO', () => {
  it('are understood', () => {
    expect(readFrame('0{"sid":"x","pingInterval":25000,"pingTimeout":20000}')).toEqual({
      kind: 'open',
      silenceMs: 50_000,
    });
    expect(readFrame('2')).toEqual({ kind: 'ping' });
    expect(readFrame('40{"sid":"y"}')).toEqual({ kind: 'connected' });
    expect(readFrame('42["presence",{"agentId":"a"}]')).toEqual({
      kind: 'event',
      name: 'presence',
      data: { agentId: 'a' },
    });
    expect(readFrame('4217["queue",1]')).toEqual({ kind: 'event', name: 'queue', data: 1 });
    expect(readFrame('44{"message":"unauthorized"}')).toEqual({ kind: 'refused', reason: 'unauthorized' });
    expect(connectFrame({ token: 'dcep_x' })).toBe('40{"token":"dcep_x"}');
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.constantFrom('', '0', '4', '40', '42', '44'), fc.string(), (kind, rest) => {
        expect(typeof readFrame(kind + rest).kind).toBe('string');
      }),
    );
  });
});

describe('what is shown', () => {
  it('are times, numbers and amounts as people write them', () => {
    expect([0, 59_999, 65_000, 3_723_000, -5].map(clockTime)).toEqual([
      '0:00',
      '0:59',
      '1:05',
      '1:02:03',
      '0:00',
    ]);
    expect([45_000, 720_000, 7_500_000].map(talkTime)).toEqual(['45 s', '12 min', '2 h 05 min']);
    expect(phoneNumber('+13055550100')).toBe('+1 (305) 555-0100');
    expect(phoneNumber('+442079460000')).toBe('+442079460000');
    expect(money(42_500_000, 'USD', 'en-US')).toBe('$42.50');
    expect(money(1_000_000, undefined)).toBe('1.00');
    expect(tagName('insurance_type')).toBe('Insurance type');
  });

  it('are instants, however the API writes them', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5);
    expect(instantOf('2026-01-02T03:04:05Z')).toBe(at);
    expect(instantOf(at)).toBe(at);
    expect(instantOf(at / 1000)).toBe(at);
    expect(instantOf('soon')).toBeUndefined();
  });
});

test('what a browser says of a microphone is told by what to do about it', () => {
  const named = (name: string) => Object.assign(new Error('x'), { name });
  expect(
    ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'TypeError'].map((n) => troubleOf(named(n))),
  ).toEqual(['denied', 'no_microphone', 'in_use', 'media']);
  expect(troubleOf('x')).toBe('media');
});

test('a description asks for hold by the direction of its media, not by the one above', () => {
  const sdp = (session: string, media: string) =>
    `v=0\r\n${session}m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n${media}a=mid:0\r\n`;
  expect(asksForHold(sdp('a=sendrecv\r\n', 'a=sendonly\r\n'))).toBe(true);
  expect(asksForHold(sdp('', 'a=inactive\r\n'))).toBe(true);
  expect(asksForHold(sdp('a=inactive\r\n', 'a=sendrecv\r\n'))).toBe(false);
  expect(asksForHold(sdp('', ''))).toBe(false);
});
