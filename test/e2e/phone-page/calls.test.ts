import type { BrowserKind } from '../../support/browser/open-browser';
import { until } from '../../support/until';
import { CALLER_HZ, CARD, MICROPHONE_HZ, PageBench } from './support/bench';

describe.each<BrowserKind>(['chromium', 'firefox'])('a call in %s', (kind) => {
  const bench = new PageBench(kind);
  beforeAll(() => bench.open());
  beforeEach(() => bench.begin());
  afterEach(() => bench.end());
  afterAll(() => bench.close());

  it('is answered, heard, held, resumed, and wrapped up', async () => {
    const phone = await bench.phone();
    const ringing = await bench.exchange.switch.call('c1', CARD);
    await ringing.media.speak(CALLER_HZ);
    await phone.rings();
    expect(await phone.text('card-campaign')).toBe('Auto insurance');
    expect(await phone.text('card-price')).toBe('$42.50');
    expect(await phone.text('card-number')).toBe('Shown after you answer');
    await phone.answer();
    await ringing.media.hears(MICROPHONE_HZ);
    await phone.hears(CALLER_HZ);
    await phone.says('card-number', /\+1 \(212\) 555-0123/);

    await phone.click('hold');
    await phone.isIn(/^held$/);
    expect(ringing.direction).toBe('sendonly');
    await phone.click('hold');
    await phone.isIn(/^talking$/);
    expect(ringing.direction).toBe('sendrecv');
    await ringing.media.hears(MICROPHONE_HZ);

    await phone.click('hang-up');
    await until('the BYE', () => ringing.ended);
    await phone.isIn(/^ended-agent$/);
    bench.exchange.become('wrap_up');
    await phone.shows('wrap-up-left');
    await phone.click('disposition-sale');
    await phone.says('disposition-state', /Saved/);
    await phone.click('disposition-callback');
    const told = bench.exchange.asked.filter(({ path }) => path === '/calls/c1/disposition');
    expect(told.map(({ body }) => body)).toEqual([{ code: 'sale' }]);
    await phone.click('wrap-up-done');
    await phone.isIn(/^idle$/);
    expect(await bench.asked('PUT', '/status')).toEqual({ status: 'available' });
    expect(bench.refused).toEqual([]);
  });
});

describe('a call', () => {
  const bench = new PageBench();
  beforeAll(() => bench.open());
  beforeEach(() => bench.begin());
  afterEach(() => bench.end());
  afterAll(() => bench.close());

  it.each([
    ['SIP;cause=200;text="Call completed elsewhere"', /^ended-elsewhere$/],
    [undefined, /^ended-missed$/],
  ])('stops ringing when it is canceled with %s', async (reason, state) => {
    const phone = await bench.phone();
    const call = await bench.exchange.switch.call('c1', CARD);
    await phone.rings();
    call.cancel(reason);
    await phone.isIn(state);
    await until('the 487', () => call.ended);
  });

  it('is declined for every phone of the agent', async () => {
    const phone = await bench.phone();
    const call = await bench.exchange.switch.call('c1', CARD);
    const status = new Promise<number>((resolve) => call.once('rejected', resolve));
    await phone.rings();
    await phone.page.keyboard.press('d');
    expect(await status).toBe(603);
    await phone.isIn(/^ended-declined$/);
  });

  it('is declined too while the browser asks for the microphone', async () => {
    const phone = await bench.phone();
    await phone.page.evaluate('navigator.mediaDevices.getUserMedia = () => new Promise(() => {})');
    const call = await bench.exchange.switch.call('c1', CARD);
    const status = new Promise<number>((resolve) => call.once('rejected', resolve));
    await phone.click('answer');
    await phone.isIn(/^answering$/);
    await phone.click('decline');
    expect(await status).toBe(603);
    await phone.isIn(/^ended-declined$/);
  });

  it('shows how it is listened in to, also when that changes', async () => {
    const phone = await bench.phone();
    const call = await bench.exchange.switch.call('c1', { ...CARD, monitoring: 'listen' });
    await phone.click('answer');
    await call.whenAnswered();
    await phone.isIn(/^monitoring$/);
    expect(await phone.text('call-state')).toBe('Listening in: nobody hears you');
    const card = 'application/vnd.dce.card+json';
    call.info('application/dtmf-relay', 'Signal=1\r\nDuration=160\r\n');
    call.info(card, '{"monitoring":"whisper"}');
    await phone.says('call-state', /^Whispering: the agent hears you$/);
    call.info(card, '{"monitoring":"everything"}');
    call.info(card, '{"monitoring":"barge"}');
    await phone.says('call-state', /^Both hear you$/);
    expect(await phone.page.$eval('[aria-live="assertive"]', (news) => news.textContent)).toBe(
      'Both hear you',
    );
    await phone.click('hang-up');
    await until('the BYE', () => call.ended);
    await phone.isIn(/^idle$/);
  });

  it('is not answered by a key that was meant for something else', async () => {
    const phone = await bench.phone();
    await phone.page.focus('[data-testid="status-away"]');
    const call = await bench.exchange.switch.call('c1', CARD);
    await phone.rings();
    await phone.page.keyboard.press('Enter');
    expect(await bench.asked('PUT', '/status')).toEqual({ status: 'away' });
    expect(await phone.state()).toBe('ringing');
    expect(call.answered).toBe(false);
  });

  it('leaves the focus where the agent goes on', async () => {
    const phone = await bench.phone();
    const focusIsAt = (selector: string) =>
      until(`the focus at ${selector}`, async () =>
        Boolean(await phone.page.evaluate(`document.activeElement.matches('${selector}')`)),
      );
    const call = await bench.exchange.switch.call('c1', CARD);
    await focusIsAt('.incoming #call-heading');
    await phone.answer();
    await focusIsAt('.active');
    call.bye();
    await focusIsAt('.ended #call-heading');
    await phone.click('wrap-up-done');
    await focusIsAt('.idle #call-heading');
  });

  it('is heard again when a headset that was unplugged is plugged in', async () => {
    const phone = await bench.phone();
    // A track of a device that is gone has ended, as have its copies.
    await phone.page.evaluate(`
      globalThis.tracks = [];
      globalThis.allowed = navigator.mediaDevices.getUserMedia;
      const { clone } = MediaStreamTrack.prototype;
      MediaStreamTrack.prototype.clone = function () {
        const copy = clone.call(this);
        globalThis.tracks.push(copy, this);
        return copy;
      };
    `);
    const call = await bench.talk(phone);
    await call.media.hears(MICROPHONE_HZ);
    await phone.page.evaluate(`
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));
      for (const track of globalThis.tracks.splice(0)) {
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
    `);
    await phone.says('notice', /No microphone was found/);
    await call.media.hearsNothing();
    await phone.page.evaluate(`
      navigator.mediaDevices.getUserMedia = globalThis.allowed;
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    `);
    await call.media.hears(MICROPHONE_HZ);
    await phone.lacks('notice');
    expect(await phone.state()).toBe('talking');
  });

  it('of earlier is told of in the list of the day', async () => {
    const at = new Date().toISOString();
    bench.exchange.calls = [
      { callId: 'c8', at, outcome: 'answered', talkMs: 60_000, campaign: 'Auto insurance' },
      { callId: 'c9', at, outcome: 'missed', talkMs: 0, campaign: 'Auto insurance' },
    ];
    const phone = await bench.phone();
    await phone.shows('how-c8');
    expect(await phone.has('how-c9')).toBe(false);
    bench.exchange.answers.set('PUT /calls/c8/disposition', { status: 503, body: {} });
    await phone.page.select('[data-testid="how-c8"]', 'sale');
    await phone.says('notice', /not saved/);
    expect(await phone.page.evaluate(`document.querySelector('[data-testid="how-c8"]').value`)).toBe('');
    bench.exchange.answers.clear();
    await phone.page.select('[data-testid="how-c8"]', 'callback');
    await phone.says('how-c8', /^Call back$/);
    const told = bench.exchange.asked.filter(({ path }) => path === '/calls/c8/disposition');
    expect(told.map(({ body }) => body)).toEqual([{ code: 'sale' }, { code: 'callback' }]);
  });

  it('of which it was said already how it went is shown as it was said', async () => {
    const call = { callId: 'c8', at: new Date().toISOString(), outcome: 'answered', talkMs: 60_000 } as const;
    bench.exchange.calls = [{ ...call, campaign: 'Auto insurance' }];
    const phone = await bench.phone();
    await phone.shows('how-c8');
    bench.exchange.calls = [{ ...call, campaign: 'Auto insurance', disposition: 'callback' }];
    bench.exchange.answers.set('PUT /calls/c8/disposition', {
      status: 422,
      body: { code: 'disposition_told' },
    });
    await phone.page.select('[data-testid="how-c8"]', 'sale');
    await phone.says('how-c8', /^Call back$/);
    await phone.lacks('notice');
  });

  it('is not disturbed by another, which is told that the phone is busy', async () => {
    const phone = await bench.phone();
    await bench.talk(phone);
    const other = await bench.exchange.switch.call('c2', { ...CARD, callId: 'c2' });
    expect(await new Promise<number>((resolve) => other.once('rejected', resolve))).toBe(486);
    expect(await phone.state()).toBe('talking');
  });

  it('is silent for the caller while the agent is muted', async () => {
    const phone = await bench.phone();
    const call = await bench.talk(phone);
    await call.media.hears(MICROPHONE_HZ);
    await phone.page.keyboard.press('m');
    await call.media.hearsNothing();
    await phone.page.keyboard.press('m');
    await call.media.hears(MICROPHONE_HZ);
  });

  it('rings on while the microphone is blocked, and is answered when it is allowed', async () => {
    const phone = await bench.phone();
    await phone.page.evaluate(`
      globalThis.allowed = navigator.mediaDevices.getUserMedia;
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    `);
    const call = await bench.exchange.switch.call('c1', CARD);
    await phone.click('answer');
    await phone.says('trouble', /blocked/);
    expect(await phone.state()).toBe('ringing');
    expect(call.answered).toBe(false);
    await phone.page.evaluate('navigator.mediaDevices.getUserMedia = globalThis.allowed');
    await phone.answer();
    await call.whenAnswered();
  });

  it('ends with a BYE when the page is loaded again', async () => {
    const phone = await bench.phone();
    const call = await bench.talk(phone);
    phone.page.on('dialog', (dialog) => void dialog.accept());
    await phone.page.reload();
    await until('the BYE', () => call.ended);
    await phone.isOnline();
    expect(await phone.state()).toBe('idle');
  });
});
