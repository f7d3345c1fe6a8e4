import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import type { TestBrowser } from '../../support/browser/open-browser';
import { openBrowser, screenshot } from '../../support/browser/open-browser';
import { Exchange } from '../support/exchange';
import { freePort } from '../support/processes';
import { NUMBER, PAYOUT, REVENUE } from '../support/market';
import * as scenario from '../support/scenarios';
import { Sipp } from '../support/sipp';
import { ConsolePage } from './support/console-page';
import { Authenticator, OpenIdProvider } from './support/people';

const CALLER = '+12123453001';
/** The buyer rings so long that whoever looks sees it ring. */
const RINGS_MS = 2_000;
/** Of a telephone, in CSS pixels. */
const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1_440, height: 900 };
const PASSWORD = 'a long phrase for a test, and no riddle';
const PROVIDER_SECRET = 'a secret of a test, shared with the provider';

let exchange: Exchange;
let browser: TestBrowser;
let console_: ConsolePage;
let provider: OpenIdProvider;
let invitation = '';
const peers: Sipp[] = [];
const folder = mkdtempSync(join(tmpdir(), 'dce-console-'));

beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  provider = await OpenIdProvider.start(publicUrl, PROVIDER_SECRET);
  const autoCreate = {
    domains: ['corp.example'],
    accountId: 'operator',
    role: 'auditor',
    scopes: ['*:read'],
  };
  const corp = { id: 'corp', name: 'Corporate', issuer: provider.issuer, clientId: 'dce', autoCreate };
  const env = {
    DCE_API_PORT: String(port),
    DCE_ACCESS_PUBLIC_URL: publicUrl,
    DCE_ACCESS_OIDC: JSON.stringify([{ ...corp, secretEnv: 'DCE_SECRET_CORP' }]),
    DCE_SECRET_CORP: PROVIDER_SECRET,
  };
  [exchange, browser] = await Promise.all([
    Exchange.start({ env }),
    openBrowser('chromium', { fakeMicTone: 700, viewport: WIDE }),
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
  await provider?.stop();
  rmSync(folder, { recursive: true, force: true });
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

test('a dialplan is written, mended by what is told of its lines, tried, published and compared', async () => {
  const { page } = console_;
  await console_.go('/dialplans');
  await console_.says('[data-testid="shipped-dialplans"]', /qualified-insurance/);
  await console_.click('new-dialplan');
  await console_.heading(/New dialplan/);
  const AREA = `document.querySelector('[data-testid="plan-text"]')`;
  const text = ((await page.evaluate(`${AREA}.value`)) as string)
    .replace('name: my-plan', 'name: welcome')
    .replace('start: sell', 'start: greet')
    .replace(
      'steps:',
      'steps:\n  greet: { do: menu, play: [greeting/welcome], keys: { 1: sell }, tries: 2, otherwise: bye }',
    );
  await type(page, text.replace('keys: { 1: sell }', 'keys: { 1: nowhere }'));
  await console_.says('[data-testid="plan-problems"]', /7:\d+ there is no step nowhere/);
  expect(await console_.violations()).toEqual([]);
  await screenshot(page, 'console-dialplan-broken');
  // From what is wrong to its line.
  await page.focus('[data-testid="plan-problems"] button');
  await page.keyboard.press('Enter');
  expect(await console_.focused()).toBe('plan-text');
  expect(await page.evaluate(`${AREA}.value.slice(0, ${AREA}.selectionStart).split('\\n').length`)).toBe(7);
  await type(page, text);
  await console_.says('[data-testid="plan-problems"]', /Nothing is wrong/);

  await console_.click('simulate-go');
  await console_.says('[data-testid="simulate-trace"]', /greet Play greeting\/welcome/);
  await console_.click('answer-keys:1');
  await console_.says('[data-testid="simulate-trace"]', /1 is pressed.*sell Auction/s);
  await console_.click('answer-sold');
  await console_.says('[data-testid="simulate-trace"]', /ring Ring, 1 at once/);
  expect(await console_.violations()).toEqual([]);
  await screenshot(page, 'console-dialplan-tried');

  await console_.click('save-dialplan');
  await console_.heading(/^welcome$/);
  await console_.click('publish-dialplan');
  await console_.confirm();
  await console_.says('.page-title', /version 1 is live/);
  await type(page, text.replace('tries: 2', 'tries: 3'));
  await console_.click('save-dialplan');
  await console_.says('[data-testid="publish-dialplan"]', /Publish version 2/);
  await console_.click('compare-1');
  await console_.says('[data-testid="plan-diff"]', /tries: 2.*tries: 3/s);
  expect(await console_.violations()).toEqual([]);
  await screenshot(page, 'console-dialplan-compared');
  await console_.click('compare-close');
  await page.setViewport(NARROW);
  expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
  await screenshot(page, 'console-dialplan-narrow');
  await page.setViewport(WIDE);

  // A campaign takes it by its name.
  await console_.go('/campaigns');
  await console_.click('new-campaign');
  await console_.says('[data-testid="field-dialplan"]', /qualified-insurance.*welcome/s);
  expect(await page.select('[data-testid="field-dialplan"]', 'welcome')).toEqual(['welcome']);
});

/** Puts a text in place of that of the plan, as pasting does. */
async function type(page: Page, text: string): Promise<void> {
  await page.evaluate(`{
    const area = document.querySelector('[data-testid="plan-text"]');
    area.focus();
    area.setRangeText(${JSON.stringify(text)}, 0, area.value.length, 'end');
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }`);
}

test('numbers are made, found, changed and taken from a file, and lead from campaigns and plans', async () => {
  const { page } = console_;
  await console_.go('/numbers');
  await console_.says('[data-testid="empty"]', /There is no number yet/);
  await console_.click('new-number');
  await console_.heading(/New number/);
  await console_.click('form-send');
  await console_.says('[data-testid="form-problem"]', /3 fields need/);
  await console_.shows('[data-testid="field-number"]:focus');
  expect(await console_.violations()).toEqual([]);
  await console_.fill('field-number', 'twelve');
  const campaignId = String(
    await page.evaluate(`document.querySelector('[data-testid="field-campaignId"] option:last-child').value`),
  );
  await console_.choose('field-campaignId', campaignId);
  await console_.choose('field-sellerId', 'seller');
  await choosePlan(page, 'welcome');
  await console_.click('form-send');
  await console_.says('.field.wrong', /telephone number/);
  await console_.fill('field-number', '(800) 555-0142');
  await console_.click('form-send');
  await console_.heading(/\(800\) 555-0142/);
  await console_.says('[data-testid="toast-good"]', /are taken/);
  await screenshot(page, 'console-number');
  const { body } = await exchange.api<{ items: { id: string }[] }>('GET', '/api/v1/numbers');
  const id = body.items[0]?.id ?? '';

  // Somebody else saves the same number meanwhile.
  await exchange.change(`numbers/${id}`, { dialplan: 'direct' });
  await choosePlan(page, 'callback');
  await console_.click('form-send');
  await console_.says('dialog', /Dialplan[^]*callback[^]*direct/);
  expect(await console_.violations()).toEqual([]);
  await console_.click('conflict-mine');
  await console_.lacks('dialog[open]');
  await console_.go('/numbers');
  await console_.says('[data-testid="numbers"]', /\(800\) 555-0142[^]*Active[^]*Auto insurance[^]*callback/);

  // A file, which is looked at first; all of it is taken or nothing.
  await page.focus('[data-testid="import"]');
  await page.keyboard.press('Enter');
  await console_.shows('dialog[open]');
  await console_.click('import-try');
  await console_.shows('[data-testid="import-file"][aria-invalid]');
  expect(await console_.violations()).toEqual([]);
  await page.keyboard.press('Escape');
  await console_.lacks('dialog[open]');
  expect(await console_.focused()).toBe('import');
  await console_.click('import');
  const row = (name: string, number: string): string => `${name},${number},${campaignId},seller,direct`;
  await attach(page, [
    'id,number,campaignId,sellerId,dialplan',
    row('one', '+18005550143'),
    row('two', 'many'),
  ]);
  await console_.click('import-try');
  await console_.says('[data-testid="import-problem"]', /line 3: number/);
  expect(await console_.violations()).toEqual([]);
  await screenshot(page, 'console-import-refused');
  await attach(page, ['id,number,campaignId,sellerId,dialplan', row('one', '+18005550143')]);
  await console_.lacks('[data-testid="import-problem"]');
  await console_.click('import-try');
  await console_.says('[data-testid="import-outcome"]', /1 line: 1 new/);
  await console_.confirm();
  await console_.says('[data-testid="toast-good"]', /1 line: 1 new/);
  await console_.says('[data-testid="numbers"]', /555-0143/);
  const csv = await page.evaluate(
    `fetch(document.querySelector('[data-testid="export"]').href).then((answer) => answer.text())`,
  );
  expect(csv).toMatch(/^id,number,campaignId[^]*\+18005550142[^]*\+18005550143/);
  await screenshot(page, 'console-numbers-listed');
  await page.setViewport(NARROW);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
  expect(await console_.violations()).toEqual([]);
  await screenshot(page, 'console-numbers-listed-narrow-dark');
  await page.emulateMediaFeatures([]);
  await page.setViewport(WIDE);

  // The beginning of a number, as people write it.
  await console_.fill('filter-q', '(800) 555-0143');
  await page.keyboard.press('Enter');
  await console_.lacks(`[data-row="${id}"]`);
  await console_.follow('[data-testid="numbers"] a.row-link');
  await console_.heading(/555-0143/);
  await console_.click('archive');
  await console_.shows('dialog[open]');
  expect(await console_.violations()).toEqual([]);
  await console_.confirm();
  await console_.says('.page-title', /Disabled/);
  await console_.lacks('[data-testid="archive"]');

  // What takes a plan, and what is sold in a campaign.
  await exchange.change(`numbers/${id}`, { dialplan: 'welcome' });
  await console_.go('/dialplans');
  await console_.follow('[data-testid="dialplans"] a.row-link');
  await console_.click('its-numbers');
  await console_.says('[data-testid="numbers"]', /555-0142[^]*welcome/);
  expect(await console_.text('[data-testid="numbers"]')).not.toMatch(/0143/);
  await console_.go('/campaigns');
  await console_.follow('[data-testid="campaigns"] a.row-link');
  await console_.click('its-numbers');
  await console_.says('[data-testid="numbers"]', /0142[^]*0143/);
});

/** Chooses a plan in a form: options whose values are their texts bear no values. */
async function choosePlan(page: Page, name: string): Promise<void> {
  await console_.says('[data-testid="field-dialplan"]', new RegExp(name));
  expect(await page.select('[data-testid="field-dialplan"]', name)).toEqual([name]);
}

/** Gives the dialog of an import a file of such lines. */
async function attach(page: Page, lines: readonly string[]): Promise<void> {
  const file = join(folder, `numbers-${lines.length}.csv`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  const input = await page.waitForSelector('input[data-testid="import-file"]');
  // Its type asks for the browser's own, which tests do not know.
  await (input as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(file);
}

test('a call is seen coming, sold, ringing, answered and hung up, and its money is found', async () => {
  const { page } = console_;
  const { body } = await exchange.api<{ items: { id: string }[] }>('GET', '/api/v1/campaigns');
  const campaignId = body.items[0]?.id ?? '';
  const buyer = await Sipp.start({ scenario: scenario.buyerIsHeld(RINGS_MS), timeoutSeconds: 120 });
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
    scenario: scenario.callerIsHeld(),
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
  await console_.click('call-hold');
  await console_.click('dialog-confirm');
  await console_.says('.page-title', /On hold/);
  // Whoever comes later is told so as well.
  await page.reload();
  await console_.says('[data-testid="call-hold"]', /Resume/);
  expect(await console_.violations()).toEqual([]);
  await console_.click('call-hold');
  await console_.click('dialog-confirm');
  await console_.says('[data-testid="call-hold"]', /Hold/);
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
  for (const [number, finds] of [
    ['nobody', '.field.wrong'],
    ['646-555-0100', '[data-testid="empty"]'],
    ['(212) 345-3001', '[data-testid="calls"]'],
  ] as const) {
    await console_.fill('filter-caller', number);
    await page.keyboard.press('Enter');
    await console_.shows(finds);
  }

  // What the call brought, less what its seller gets.
  await console_.follow('a.nav-link[href="/console"]');
  await console_.says('[data-testid="figure-margin"]', /Margin today\s+\$8\.00\s+of \$20\.00 revenue/);
  await screenshot(page, 'console-board-after');
});

test('what is wrong in a dialog is told at its field, and what is right is done', async () => {
  const { page } = console_;
  await exchange.create('accounts', { id: 'payer', name: 'Payer', type: 'buyer', funding: 'wallet' });
  await exchange.create('wallets', { accountId: 'payer', currency: 'USD' });
  await exchange.sql(
    `insert into fraud_cases (call_id, score, level, reasons, model, caller, dialled, trunk_id, seller_id, campaign_id, received_at)
     select id, 0.65, 'challenge', '{rotated_numbers:9}', 'rules', caller, dialled, trunk_id, 'seller', campaign_id, received_at from calls`,
  );

  // People: by keys alone.
  await console_.go('/people');
  await page.focus('[data-testid="invite"]');
  await page.keyboard.press('Enter');
  await console_.shows('dialog[open]');
  expect(await console_.violations()).toEqual([]);
  await page.keyboard.press('Escape');
  await console_.lacks('dialog[open]');
  expect(await console_.focused()).toBe('invite');
  await page.keyboard.press('Enter');
  await console_.shows('[data-testid="field-email"]:focus');
  await page.keyboard.press('Enter');
  await console_.says('dialog .form-problem', /2 fields need/);
  await console_.shows('[data-testid="field-email"]:focus');
  await page.keyboard.type('bea@acme.example');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Bea Buyer');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Acme');
  expect(await console_.violations()).toEqual([]);
  await screenshot(page, 'console-dialog-invite');
  // Role, scopes, cancel, invite.
  for (let field = 0; field < 4; field++) await page.keyboard.press('Tab');
  expect(await console_.focused()).toBe('dialog-confirm');
  await page.keyboard.press('Enter');
  await console_.says('[data-testid="secret"]', /\/console\/link#token=/);
  expect(await console_.violations()).toEqual([]);
  invitation = (await console_.text('[data-testid="secret"]')).trim();
  await page.keyboard.press('Escape');
  await console_.lacks('dialog[open]');
  await console_.says('[data-testid="users"]', /bea@acme\.example[^]*Acme[^]*Invited/);
  await page.focus('[data-testid="tab-users"]');
  await page.keyboard.press('ArrowRight');
  expect(await console_.focused()).toBe('tab-keys');

  // What programs get in with.
  for (const [tab, what] of [
    ['tab-keys', 'keys'],
    ['tab-clients', 'clients'],
  ] as const) {
    await console_.click(tab);
    await console_.dialog(`new-${what}`, {}, '[data-testid="field-name"][aria-invalid]');
    await console_.filled({ 'field-name': 'Nightly report' });
    await console_.says('[data-testid="secret"]', /\S{20,}/);
    expect(await console_.violations()).toEqual([]);
    await console_.confirm();
    await console_.says(`[data-testid="${what}"]`, /Nightly report/);
    await console_.follow('[aria-label="Revoke Nightly report"]');
    await console_.shows('dialog[open]');
    expect(await console_.violations()).toEqual([]);
    await console_.confirm();
    await console_.says('[data-testid="toast-good"]', /gets in no more/);
  }

  // Money that came in.
  await console_.go('/wallets');
  await console_.follow('[data-testid="wallets"] a.row-link');
  await console_.heading(/Wallet of Payer/);
  await console_.dialog('top-up', { 'field-amount': 'much' }, '[data-testid="field-amount"][aria-invalid]');
  await console_.filled({ 'field-amount': '50', 'field-reference': 'wire 17' });
  await console_.says('[data-testid="top-ups"]', /wire 17[^]*\$50\.00/);
  await console_.says('[data-testid="available"]', /\$50\.00/);
  await console_.says('.page-title', /Covered/);
  await screenshot(page, 'console-wallet');

  // Whom nobody may call.
  await console_.go('/protection');
  await console_.click('add-dnc');
  await console_.shows('[data-testid="field-number"][aria-invalid]');
  await console_.fill('field-number', 'twelve');
  await console_.click('add-dnc');
  await console_.says('.field.wrong', /not a telephone number/);
  expect(await console_.violations()).toEqual([]);
  await console_.fill('field-number', '212-555-0123');
  await console_.click('add-dnc');
  await console_.says('[data-testid="dnc"]', /\(212\) 555-0123/);
  await console_.fill('check-number', '(212) 555-0123');
  await console_.click('check');
  await console_.says('[data-testid="check-result"]', /Listed/);
  await screenshot(page, 'console-dnc');
  await console_.follow('[aria-label="Remove +12125550123"]');
  await console_.shows('dialog[open]');
  expect(await console_.violations()).toEqual([]);
  await console_.confirm();
  await console_.lacks('[data-testid="dnc"]');
  await console_.click('tab-consents');
  await console_.fill('consent-number', 'twelve');
  await console_.click('consent');
  await console_.says('.field.wrong', /not a telephone number/);
  await console_.fill('consent-number', '212-555-0123');
  await console_.click('consent');
  await console_.says('[data-testid="empty"]', /Nobody recorded/);

  // What a flagged call was.
  await console_.go('/fraud');
  await console_.follow('[data-testid="fraud-cases"] button.small');
  await console_.shows('dialog[open]');
  expect(await console_.violations()).toEqual([]);
  await console_.filled({ 'field-note': 'It was our own test.' });
  await console_.says('[data-testid="fraud-cases"]', /Confirmed/);
  await screenshot(page, 'console-fraud-resolved');

  // Who did all that.
  await console_.go('/audit');
  await console_.follow('[data-testid="audit"] button.small');
  await console_.shows('dialog[open]');
  expect(await console_.violations()).toEqual([]);
  await page.keyboard.press('Escape');
  await console_.lacks('dialog[open]');
  await console_.click('verify');
  await console_.says('[data-testid="verified"]', /As it was written/);
});

test('a buyer, where it answers and what it bids are made, and put away', async () => {
  const { page } = console_;
  await console_.go('/buyers');
  await console_.click('new-buyer');
  await console_.heading(/New buyer/);
  await console_.click('form-send');
  await console_.says('[data-testid="form-problem"]', /2 fields need/);
  await console_.fill('field-name', 'Beta');
  await console_.choose('field-accountId', 'payer');
  await console_.fill('field-caps-concurrent', 'many');
  await console_.click('form-send');
  await console_.shows('[data-testid="field-caps-concurrent"][aria-invalid]');
  expect(await console_.violations()).toEqual([]);
  await console_.fill('field-caps-concurrent', '5');
  await console_.click('form-send');
  await console_.heading(/^Beta$/);
  await console_.follow('a.button[href^="/console/targets/new"]');
  await console_.heading(/New target/);
  await console_.fill('field-name', 'Front desk');
  await console_.fill('field-uri', 'tel:911');
  await console_.click('form-send');
  await console_.shows('[data-testid="field-uri"][aria-invalid]');
  expect(await console_.violations()).toEqual([]);
  await console_.fill('field-uri', 'sip:desk@192.0.2.7');
  await console_.click('form-send');
  await console_.says('[data-testid="targets"]', /Front desk/);
  await console_.follow('a.button[href^="/console/bids/new"]');
  await console_.heading(/New bid/);
  await console_.fill('field-price', '-1');
  await console_.click('form-send');
  await console_.shows('[data-testid="field-price"][aria-invalid]');
  expect(await console_.violations()).toEqual([]);
  const campaign = await page.evaluate(
    `document.querySelector('[data-testid="field-campaignId"] option:last-child').value`,
  );
  const target = await page.evaluate(
    `[...document.querySelectorAll('[data-testid="field-targetId"] option')].find(({ text }) => text === 'Front desk').value`,
  );
  await console_.choose('field-campaignId', String(campaign));
  await console_.choose('field-targetId', String(target));
  await console_.fill('field-price', '12.50');
  await console_.click('form-send');
  await console_.says('.field.wrong', /not the amount of the plan/);
  await console_.fill('field-price', '25');
  await console_.click('form-send');
  await console_.says('[data-testid="bids"]', /Auto insurance[^]*\$25\.00/);
  await screenshot(page, 'console-buyer');
  await console_.click('archive');
  await console_.shows('dialog[open]');
  expect(await console_.violations()).toEqual([]);
  await console_.confirm();
  await console_.says('.page-title', /Archived/);
});

test('an invitation lets a buyer in, who sees and is offered what is its own alone', async () => {
  const page = await browser.newUser();
  const own = new ConsolePage(page, exchange.file.apiUrl);
  const refused: string[] = [];
  page.on('response', (answer) => {
    if (answer.status() >= 400) refused.push(`${answer.status()} ${answer.url()}`);
  });
  await page.goto(invitation);
  await own.heading(/Set your password/);
  expect(await own.violations()).toEqual([]);
  await own.fill('new-password', PASSWORD);
  await own.fill('new-password-again', 'another');
  await own.click('set-password');
  await own.says('.field.wrong', /not the same/);
  await own.fill('new-password-again', PASSWORD);
  await own.click('set-password');
  await own.says('[data-testid="password-set"]', /Sign in/);
  // Nobody was signed in until then.
  refused.length = 0;
  await own.click('to-sign-in');
  await own.signIn('bea@acme.example', PASSWORD);
  await own.heading(/Live board/);
  await own.shows('[data-testid="feed-state"][data-state="live"]');
  expect(await own.pages()).toEqual([
    '/',
    '/calls',
    '/revenue',
    '/buyers',
    '/wallets',
    '/invoices',
    '/people',
  ]);
  await screenshot(page, 'console-buyer-board');
  await own.go('/calls');
  await own.says('[data-testid="calls"]', /Completed/);
  await own.lacks('[data-testid="filter-dialled"]');
  await own.follow('[data-testid="calls"] a.row-link');
  await own.says('[role="tablist"]', /Your bids/);
  await own.lacks('[data-testid="tab-decision"]');
  await own.go('/buyers');
  await own.says('[data-testid="buyers"]', /Acme Insurance/);
  expect(await own.text('[data-testid="buyers"]')).not.toMatch(/Beta/);
  await own.lacks('[data-testid="new-buyer"]');
  await own.follow('[data-testid="buyers"] a.row-link');
  await own.shows('[data-testid="targets"]');
  await own.lacks('[data-testid="archive"]');
  // It bids, and is not asked for what the exchange alone says.
  await own.follow('a.button[href^="/console/bids/new"]');
  await own.shows('[data-testid="field-price"]');
  await own.lacks('[data-testid="field-priority"]');
  expect(await own.violations()).toEqual([]);
  for (const path of ['/revenue', '/wallets', '/invoices', '/people']) {
    await own.go(path);
    await own.lacks('[data-testid="loading"]');
  }
  expect(refused.filter((one) => !one.includes('/auth/me'))).toEqual([]);
  expect(own.wrong).toEqual([]);
  await page.close();
});

test('who comes from an OpenID provider is let in by it, to read', async () => {
  const page = await browser.newUser();
  const own = new ConsolePage(page, exchange.file.apiUrl, [provider.issuer]);
  await provider.signsIn({ sub: 'ada', email: 'ada@corp.example', name: 'Ada Auditor' });
  await own.open('/audit');
  await own.click('provider-corp');
  await own.says('[data-testid="who"]', /Ada Auditor/);
  await own.go('/campaigns');
  await own.says('[data-testid="campaigns"]', /Auto insurance/);
  await own.lacks('[data-testid="new-campaign"]');
  await own.go('/numbers');
  await own.says('[data-testid="numbers"]', /555-0142/);
  await own.lacks('[data-testid="import"]');
  await own.lacks('[data-testid="new-number"]');
  expect(own.wrong).toEqual([]);
  await page.close();
});

test('a second factor is set up, and from then on asked for', async () => {
  const { email, passwordFile } = exchange.file.admin ?? { email: '', passwordFile: '' };
  const password = readFileSync(passwordFile, 'utf8').trim();
  const { page } = console_;
  await console_.go('/account');
  await console_.click('totp-begin');
  await console_.shows('.qr');
  await screenshot(page, 'console-totp');
  const authenticator = new Authenticator(await console_.text('[data-testid="totp-secret"]'));
  await console_.fill('field-code', '000000');
  await console_.click('totp-confirm');
  await console_.shows('[data-testid="second-factor"] [role="alert"]');
  expect(await console_.violations()).toEqual([]);
  await console_.fill('field-code', authenticator.code());
  await console_.click('totp-confirm');
  await console_.shows('[data-testid="recovery-codes"]');
  const [recovery = ''] = (await console_.text('[data-testid="recovery-codes"]')).split('\n');
  expect(await console_.violations()).toEqual([]);
  for (const code of [authenticator.code(), recovery]) {
    await console_.click('sign-out');
    await console_.signIn(email, password);
    await console_.shows('[data-testid="sign-in-code"]:focus');
    expect(await console_.violations()).toEqual([]);
    await page.keyboard.type(code.trim());
    await page.keyboard.press('Enter');
    await console_.shows('[data-testid="who"]');
  }
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
    await console_.go(place.slice('/console'.length));
    const found = await console_.violations();
    if (found.length > 0) wrong[place] = found;
    const name = `console${place.slice('/console'.length).replaceAll('/', '-')}`;
    await screenshot(page, name);
    // On a telephone nothing but tables goes beyond the page.
    await page.setViewport(NARROW);
    if (await page.evaluate('document.documentElement.scrollWidth > innerWidth'))
      wrong[`${place}, narrow`] = ['it is wider than the screen'];
    await screenshot(page, `${name}-narrow`);
    await page.setViewport(WIDE);
  }
  expect(wrong).toEqual({});
  // Without an answer what was there stays, and is asked for again by itself.
  await console_.go('/calls');
  await page.setOfflineMode(true);
  await page.evaluate(`[...document.querySelectorAll('.page-actions button')].at(-1).click()`);
  await console_.shows('[data-testid="away"]');
  await console_.shows('[data-testid="failure"]');
  await console_.shows('[data-testid="calls"]');
  expect(await console_.violations()).toEqual([]);
  await page.setOfflineMode(false);
  await console_.lacks('[data-testid="away"]');
  await console_.lacks('[data-testid="failure"]');
  await console_.click('sign-out');
  await console_.heading(/Sign in/);
  await console_.open('/calls');
  await console_.heading(/Sign in/);
  expect(console_.wrong).toEqual([]);
});
