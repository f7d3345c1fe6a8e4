import { once } from 'node:events';
import { until } from '../../support/until';
import { MICROPHONE_HZ, PageBench } from './support/bench';
import { headerOf } from './support/sip-text';
import type { SipText } from './support/sip-text';
import type { SwitchCall } from './support/switch-call';

const bench = new PageBench();
beforeAll(() => bench.open());
beforeEach(() => bench.begin());
afterEach(() => bench.end());
afterAll(() => bench.close());

const referred = (call: SwitchCall) => new Promise<SipText>((resolve) => call.once('refer', resolve));
const consulted = () => new Promise<SwitchCall>((resolve) => bench.exchange.switch.once('call', resolve));

it('hands a call to a colleague, and says so', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  await phone.click('transfer-open');
  await phone.click('transfer-target-agent-agent-2');
  const refer = referred(call);
  await phone.click('transfer-blind');
  expect(headerOf(await refer, 'Refer-To')).toContain('sip:agent.two@dce.invalid');
  await phone.isIn(/^ended-transferred$/);
});

it('keeps the caller when nobody takes the call', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  bench.exchange.switch.transferSteps = [100, 486];
  await phone.click('transfer-open');
  await phone.shows('transfer-search');
  await phone.page.type('[data-testid="transfer-search"]', '+1 305 555 0188');
  const refer = referred(call);
  await phone.click('transfer-blind');
  expect(headerOf(await refer, 'Refer-To')).toContain('sip:+13055550188@dce.invalid');
  await phone.says('transfer-failed', /busy/);
  expect(await phone.state()).toBe('talking');
});

it('asks a colleague first, while the caller is on hold, and hands the call over', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  await phone.click('transfer-open');
  await phone.click('transfer-target-agent-agent-2');
  const coming = consulted();
  await phone.click('transfer-consult');
  const consult = await coming;
  expect(consult.invited?.uri).toBe('sip:agent.two@dce.invalid');
  expect(call.direction).toBe('sendonly');
  await consult.accept();
  await phone.isIn(/^consulting$/);
  await consult.media.hears(MICROPHONE_HZ);
  await call.media.hearsNothing();
  const refer = referred(call);
  await phone.click('transfer-complete');
  const to = decodeURIComponent(headerOf(await refer, 'Refer-To') ?? '');
  expect(to).toContain(`Replaces=${consult.sipCallId};to-tag=`);
  await phone.isIn(/^ended-transferred$/);
});

it('goes back to the caller when the agent wants to, and when the colleague hangs up', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  for (const hungUp of [false, true]) {
    await phone.click('transfer-open');
    await phone.click('transfer-target-agent-agent-2');
    const coming = consulted();
    await phone.click('transfer-consult');
    const consult = await coming;
    await consult.accept();
    await phone.isIn(/^consulting$/);
    if (hungUp) {
      consult.bye();
      await phone.says('transfer-step', /not on the line/);
    }
    await phone.click('transfer-cancel');
    await phone.isIn(/^talking$/);
    await until('the end of the consultation', () => consult.ended);
    expect(call.direction).toBe('sendrecv');
  }
  await call.media.hears(MICROPHONE_HZ);
});

it('has the caller again when the agent thinks better of it before the caller is on hold', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  let answer = () => {};
  call.patience = new Promise((resolve) => (answer = resolve));
  const asked = once(call, 'reinvited');
  await phone.click('transfer-open');
  await phone.click('transfer-target-agent-agent-2');
  await phone.click('transfer-consult');
  await asked;
  await phone.click('transfer-cancel');
  answer();
  await phone.isIn(/^talking$/);
  expect(call.direction).toBe('sendrecv');
  await call.media.hears(MICROPHONE_HZ);
});

it('keeps the caller on hold whatever key is pressed while a colleague is asked', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  await phone.click('transfer-open');
  await phone.click('transfer-target-agent-agent-2');
  const coming = consulted();
  await phone.click('transfer-consult');
  const consult = await coming;
  await consult.accept();
  await phone.isIn(/^consulting$/);
  await phone.page.keyboard.press('h');
  await phone.page.keyboard.press('m');
  await phone.page.keyboard.press('m');
  await consult.media.hears(MICROPHONE_HZ);
  expect(await phone.state()).toBe('consulting');
  expect(call.direction).toBe('sendonly');
});
