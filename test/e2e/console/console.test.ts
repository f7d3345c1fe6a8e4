import { readFileSync } from 'node:fs';
import type { TestBrowser } from '../../support/browser/open-browser';
import { openBrowser, screenshot } from '../../support/browser/open-browser';
import { Exchange } from '../support/exchange';
import { NUMBER, PAYOUT, REVENUE } from '../support/market';
import * as scenario from '../support/scenarios';
import { Sipp } from '../support/sipp';
import { ConsolePage } from './support/console-page';

const CALLER = '+12123453001';
/** The buyer rings so long that whoever looks sees it ring. */
const RINGS_MS = 2_000;

let exchange: Exchange;
let browser: TestBrowser;
let console_: ConsolePage;
const peers: Sipp[] = [];

beforeAll(async () => {
  [exchange, browser] = await Promise.all([
    Exchange.start(),
    openBrowser('chromium', { fakeMicTone: 700, viewport: { width: 1_360, height: 860 } }),
  ]);
  console_ = new ConsolePage(await browser.newPage(), exchange.file.apiUrl);
  await exchange.create('accounts', { id: 'carrier', name: 'Carrier', type: 'carrier' });
  await exchange.create('accounts', { id: 'seller', name: 'Seller', type: 'seller' });
  const source = { sources: ['127.0.0.1'], origin: 'inbound_consumer' };
  await exchange.create('trunks', { id: 'trunk', accountId: 'carrier', name: 'Loopback', ...source });
});
afterAll(async () => {
  await browser?.close();
  for (const peer of peers) await peer.stop();
  await exchange?.stop();
});

test('the first admin signs in with keys alone', async () => {
  const { page } = console_;
  const { email, passwordFile } = exchange.file.admin ?? { email: '', passwordFile: '' };
  const password = readFileSync(passwordFile, 'utf8').trim();
  await console_.open('/campaigns');
  await console_.heading(/Sign in/);
  await screenshot(page, 'console-sign-in');
  expect(await console_.violations()).toEqual([]);
  // The first field has the focus.
  await page.keyboard.type(email);
  await page.keyboard.press('Tab');
  await page.keyboard.type('not this one');
  await page.keyboard.press('Enter');
  await console_.says('[data-testid="sign-in-problem"]', /not right/);
  await page.focus('[data-testid="sign-in-password"]');
  for (let key = 0; key < 'not this one'.length; key++) await page.keyboard.press('Backspace');
  await page.keyboard.type(password);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  // And is where the address said.
  await console_.heading(/^Campaigns$/);
  await console_.shows('[data-testid="new-campaign"]');
});

test('a campaign is created, with what is wrong told at its fields and a decision tried beforehand', async () => {
  const { page } = console_;
  await console_.click('new-campaign');
  await console_.heading(/New campaign/);
  await console_.click('save');
  await console_.says('[data-testid="form-problem"]', /3 fields need/);
  await console_.shows('[data-testid="field-name"]:focus');
  expect(await console_.violations()).toEqual([]);
  await console_.fill('field-name', 'Auto insurance');
  await console_.choose('field-status', 'active');
  await console_.choose('field-auctionType', 'first_price');
  await console_.fill('field-reservePrice', '1');
  await console_.fill('field-payout-amount', String(PAYOUT / 1_000_000));
  await console_.fill('field-duplicates-windowMs', '0');
  await console_.fill('field-fraud-block', '0.5');
  await console_.fill('dry-run-caller', CALLER);
  await console_.choose('dry-run-seller', 'seller');
  await console_.choose('dry-run-trunk', 'trunk');
  await console_.click('dry-run-go');
  await console_.says('[data-testid="dry-run-answer"]', /must not descend|Refused/);
  // What the fields cannot say of each other the exchange says.
  await console_.click('save');
  await console_.says('.field.wrong', /must not descend/);
  await console_.fill('field-fraud-block', '1');
  await console_.click('dry-run-go');
  await console_.says('[data-testid="dry-run-answer"]', /Refused/);
  await screenshot(page, 'console-campaign');
  await console_.click('save');
  await console_.heading(/^Auto insurance$/);
  await console_.says('[data-testid="toast-good"]', /is created/);
  expect(await console_.violations()).toEqual([]);
});

test('a call is seen coming, sold, ringing, answered and hung up, and its money is found', async () => {
  const { page } = console_;
  const { body } = await exchange.api<{ items: { id: string }[] }>('GET', '/api/v1/campaigns');
  const campaignId = body.items[0]?.id ?? '';
  const buyer = await Sipp.start({ scenario: scenario.buyerAnswers(RINGS_MS), timeoutSeconds: 120 });
  peers.push(buyer);
  await exchange.create('numbers', { number: NUMBER, campaignId, sellerId: 'seller' });
  await exchange.create('accounts', { id: 'acme', name: 'Acme', type: 'buyer', funding: 'open' });
  await exchange.create('buyers', { id: 'acme-buyer', accountId: 'acme', name: 'Acme Insurance' });
  const uri = `sip:buyer@127.0.0.1:${buyer.port}`;
  await exchange.create('targets', { id: 'desk', buyerId: 'acme-buyer', name: 'Desk', uri });
  const plan = { kind: 'per_call', amount: REVENUE, afterMs: 0 };
  const bid = { campaignId, buyerId: 'acme-buyer', targetId: 'desk', plan, price: REVENUE };
  await exchange.create('bids', { id: 'acme-bid', ...bid });
  await exchange.knowsMarket();

  await console_.follow('a.nav-link[href="/console"]');
  await console_.heading(/Live board/);
  await console_.shows('[data-testid="feed-state"][data-state="live"]');
  expect(await console_.violations()).toEqual([]);
  // A slow machine may look too late for what the page has shown meanwhile.
  await page.evaluate(`
    globalThis.seen = new Set();
    new MutationObserver(() => {
      for (const { dataset } of document.querySelectorAll('[data-testid="call-table"] .badge')) seen.add(dataset.state);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  `);
  const carrier = await Sipp.start({
    scenario: scenario.callerWaitsForBye(),
    remote: exchange.sip,
    service: NUMBER,
    calls: 1,
    keys: { caller: '3001' },
  });
  peers.push(carrier);
  await console_.says('[data-testid="call-table"]', /\(212\) 345-3001[^]*Auto insurance[^]*Acme Insurance/);
  await console_.says('[data-testid="auction"]', /Acme Insurance\s+\$20\.00/);
  await console_.says('[data-testid="call-table"]', /Answered/);
  expect(await page.evaluate('[...seen]')).toEqual(expect.arrayContaining(['ringing', 'answered']));
  await console_.says('[data-testid="figure-calls"]', /1 answered/);
  expect(await console_.violations()).toEqual([]);
  await screenshot(page, 'console-board');

  await console_.follow('[data-testid="call-table"] a.row-link');
  await console_.heading(/Call from/);
  await console_.click('call-hangup');
  await console_.shows('dialog[open]');
  expect(await console_.violations()).toEqual([]);
  await console_.click('dialog-confirm');
  await console_.says('[data-testid="timeline"]', /Admin hangup/);
  await carrier.succeeds();
  await console_.lacks('dialog[open]');
  await screenshot(page, 'console-call');
  expect(await console_.violations()).toEqual([]);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await screenshot(page, 'console-call-dark');
  expect(await console_.violations()).toEqual([]);
  await page.emulateMediaFeatures([]);

  for (const [tab, says] of [
    ['ladder', /INVITE[^]*200 OK[^]*BYE/],
    ['decision', /Offered[^]*1 in the ring plan[^]*Acme Insurance/],
    ['audio', /Heard from|No audio/],
  ] as const) {
    await console_.click(`tab-${tab}`);
    await console_.says('[role="tabpanel"]', says);
    await screenshot(page, `console-call-${tab}`);
    expect(await console_.violations()).toEqual([]);
  }
  await exchange.isClean();
  await console_.click('refresh');
  await console_.click('tab-ledger');
  await console_.says('[data-testid="ledger"]', /\$20\.00[^]*\$12\.00|\$12\.00[^]*\$20\.00/);
  await screenshot(page, 'console-call-ledger');

  await console_.follow('a.nav-link[href="/console/calls"]');
  await console_.says('[data-testid="calls"]', /Completed[^]*Admin hangup[^]*Auto insurance/);
  expect(await console_.violations()).toEqual([]);
  await screenshot(page, 'console-calls');
});

test('every other page opens, breaks no rule of accessibility, and the way out is one click', async () => {
  const { page } = console_;
  const places = (await page.evaluate(
    `[...document.querySelectorAll('a.nav-link, a.who-link')].map((link) => link.getAttribute('href'))`,
  )) as string[];
  expect(places).toEqual(
    expect.arrayContaining(['/console/revenue', '/console/campaigns', '/console/account']),
  );
  const wrong: Record<string, string[]> = {};
  for (const place of places) {
    await console_.follow(`a[href="${place}"]`);
    await console_.shows(`a[href="${place}"][aria-current="page"]`);
    await console_.shows('h1');
    await console_.lacks('[data-testid="loading"]');
    const found = await console_.violations();
    if (found.length > 0) wrong[place] = found;
    await screenshot(page, `console${place.slice('/console'.length).replaceAll('/', '-')}`);
  }
  expect(wrong).toEqual({});
  await console_.click('sign-out');
  await console_.heading(/Sign in/);
  await console_.open('/calls');
  await console_.heading(/Sign in/);
  expect(console_.wrong).toEqual([]);
});
