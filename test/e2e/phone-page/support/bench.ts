import type { ConsoleMessage } from 'puppeteer-core';
import type { BrowserKind, TestBrowser } from '../../../support/browser/open-browser';
import { openBrowser } from '../../../support/browser/open-browser';
import { until } from '../../../support/until';
import { PhonePage } from '../../phone/support/phone-page';
import { AGENT, ExchangeStandIn, AGENT_PASSWORD } from './exchange-stand-in';
import type { SwitchCall } from './switch-call';

export const MICROPHONE_HZ = 700;
export const CALLER_HZ = 440;
export const CARD = {
  callId: 'c1',
  campaign: 'Auto insurance',
  state: 'FL',
  price: 42_500_000,
  currency: 'USD',
  tags: { vehicle: '2019 Honda Accord' },
};

/** One browser for a file of tests, and an exchange of its own for each. */
export class PageBench {
  exchange!: ExchangeStandIn;
  #browser: TestBrowser | undefined;
  readonly #pages: PhonePage[] = [];
  /** What the browser refused for the policy of the page. */
  readonly refused: string[] = [];
  readonly #kind: BrowserKind;

  constructor(kind: BrowserKind = 'chromium') {
    this.#kind = kind;
  }

  get browser(): TestBrowser {
    if (this.#browser === undefined) throw new Error('the browser is not open yet');
    return this.#browser;
  }

  async open(): Promise<void> {
    this.#browser = await openBrowser(this.#kind, { fakeMicTone: MICROPHONE_HZ });
  }

  async begin(): Promise<void> {
    this.exchange = await ExchangeStandIn.open();
  }

  async end(): Promise<void> {
    for (const { page } of this.#pages.splice(0)) await page.close({ runBeforeUnload: false });
    await this.exchange.close();
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }

  /** A phone that is signed in and online. */
  async phone(): Promise<PhonePage> {
    const phone = await PhonePage.signIn(this.browser, this.exchange.url, AGENT.username, AGENT_PASSWORD);
    phone.page.on('console', (message: ConsoleMessage) => {
      if (/content.security.policy/i.test(message.text())) this.refused.push(message.text());
    });
    this.#pages.push(phone);
    return phone;
  }

  /** A page with the session of one that is signed in already, as a second tab has it. */
  async tab(): Promise<PhonePage> {
    const phone = PhonePage.of(this.browser, await this.browser.newPage(), AGENT.username);
    await phone.page.evaluateOnNewDocument(
      `sessionStorage.setItem('dce.phone.token', '${this.exchange.token}')`,
    );
    await phone.page.goto(this.exchange.url);
    this.#pages.push(phone);
    return phone;
  }

  /** Rings a phone and lets it answer; both hear each other's side. */
  async talk(phone: PhonePage): Promise<SwitchCall> {
    const call = await this.exchange.switch.call('c1', CARD);
    await call.media.speak(CALLER_HZ);
    await phone.rings();
    await phone.answer();
    await call.whenAnswered();
    return call;
  }

  /** Waits until the API was asked this, and gives what with. */
  async asked(method: string, path: string): Promise<unknown> {
    const find = () => this.exchange.asked.find((one) => one.method === method && one.path === path);
    await until(`${method} ${path}`, () => find() !== undefined);
    return find()?.body;
  }
}
