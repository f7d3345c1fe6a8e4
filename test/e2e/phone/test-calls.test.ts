import { readFileSync } from 'node:fs';
import type { TestBrowser } from '../../support/browser/open-browser';
import { openBrowser, screenshot } from '../../support/browser/open-browser';
import { ConsolePage } from '../console/support/console-page';
import { REVENUE } from '../support/market';
import { PATIENCE_MS, PhoneExchange } from './support/phone-exchange';

jest.setTimeout(PATIENCE_MS);

/** What the agent says, and what whoever answers a test call hears. */
const AGENT_HZ = 700;
const TONE_HZ = 1_004;

let phones: PhoneExchange;
let browser: TestBrowser;

beforeAll(async () => {
  [phones, browser] = await Promise.all([
    PhoneExchange.open(),
    openBrowser('chromium', { fakeMicTone: 440, viewport: { width: 1_280, height: 900 } }),
  ]);
  await phones.addBuyer({ id: 'first', price: REVENUE, agents: [{ id: 'alice' }] });
});
afterAll(async () => {
  await browser?.close();
  await phones?.close();
});

test('the console has an agent’s browser ring: it hears the tone, is heard, and is free again', async () => {
  const alice = await phones.phone('alice', AGENT_HZ);
  const { apiUrl, admin } = phones.exchange.file;
  const console_ = new ConsolePage(await browser.newPage(), apiUrl);
  const { email, passwordFile } = admin ?? { email: '', passwordFile: '' };
  await console_.open('/targets/first-target');
  await console_.signIn(email, readFileSync(passwordFile, 'utf8').trim());
  await console_.click('test-call');
  await console_.shows('dialog[open]');
  expect(await console_.violations()).toEqual([]);
  // By keys alone: the way out has the focus, and beside it is what rings.
  await console_.shows('[data-testid="test-call-close"]:focus');
  await console_.page.keyboard.press('Tab');
  await console_.page.keyboard.press('Enter');
  await alice.rings();
  expect(await alice.text('card-campaign')).toBe('Test call');
  await console_.says('[data-testid="test-call-state"]', /Ringing/);
  await alice.answer();
  await alice.hears(TONE_HZ);
  await console_.says('[data-testid="test-call-state"]', /Answered/);
  await console_.shows('[data-testid="test-call-hangup"]');
  await console_.click('test-call-hangup');
  await console_.says('[data-testid="test-call-state"]', /SIP status 200.*packets heard/s);
  expect(await console_.violations()).toEqual([]);
  await screenshot(console_.page, 'console-test-call');
  expect(console_.wrong).toEqual([]);
  await phones.isAvailable('alice');

  // Who closes the dialog gives the call up.
  await console_.click('test-call-ring');
  await alice.rings();
  await console_.page.keyboard.press('Escape');
  await console_.lacks('dialog[open]');
  await alice.isIn(/^ended-missed$/);
  await phones.isAvailable('alice');
  expect(await phones.exchange.sql('select 1 from calls union all select 1 from agent_calls')).toEqual([]);
  const rung = await phones.exchange.sql(
    `select outcome, audio -> 'codec' as codec, (audio ->> 'packetsReceived')::integer > 0 as heard, attempts -> 0 ->> 'agentId' as agent
     from test_calls order by created_at`,
  );
  expect(rung).toEqual([
    { outcome: 'answered', codec: 'PCMU', heard: true, agent: 'alice' },
    { outcome: 'canceled', codec: null, heard: null, agent: null },
  ]);
});
