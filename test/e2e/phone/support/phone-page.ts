import type { Page } from 'puppeteer-core';
import type { EndedBy } from '../../../../src/web/phone/core/call-machine';
import type { Heard, PageNote } from '../../../support/browser/hearing';
import { heard, hears, hearsSuch, notesOf, routeOf } from '../../../support/browser/hearing';
import type { TestBrowser } from '../../../support/browser/open-browser';
import { screenshot } from '../../../support/browser/open-browser';
import { until } from '../../../support/until';

/** Long enough for a machine that has ten other things to do. */
const WITHIN_MS = 30_000;
/** Each look is a message to the browser and back. */
const LOOK_MS = 100;
const KEY_NAMES: Readonly<Record<string, string>> = { '*': 'star', '#': 'pound' };

/** An agent's phone in a real browser, used as its agent would: by what is on the screen. */
export class PhonePage {
  private constructor(
    readonly browser: TestBrowser,
    readonly page: Page,
    readonly username: string,
  ) {}

  /** A page that is somebody's already. */
  static of(browser: TestBrowser, page: Page, username: string): PhonePage {
    return new PhonePage(browser, page, username);
  }

  /** A tab that is to be sent to the page. */
  static async open(browser: TestBrowser, username: string): Promise<PhonePage> {
    return new PhonePage(browser, await browser.newPage(), username);
  }

  /**
   * Opens the page, signs in, and waits until the phone is registered and available.
   * @param page - a fresh one of the browser by default
   */
  static async signIn(
    browser: TestBrowser,
    url: string,
    username: string,
    password: string,
    page?: Page,
  ): Promise<PhonePage> {
    page ??= await browser.newPage();
    const phone = new PhonePage(browser, page, username);
    await page.goto(url);
    await phone.shows('sign-in-username');
    await screenshot(page, `${browser.kind}-sign-in`);
    await page.type('[data-testid="sign-in-username"]', username);
    await page.type('[data-testid="sign-in-password"]', password);
    await phone.click('sign-in');
    await phone.isOnline();
    return phone;
  }

  /** Waits until the page says that it is registered. */
  isOnline(withinMs = WITHIN_MS): Promise<void> {
    return this.says('connection', /online/i, withinMs);
  }

  /** Waits until a call is offered. */
  rings(withinMs = WITHIN_MS): Promise<void> {
    return this.shows('incoming-card', withinMs);
  }

  stopsRinging(withinMs = WITHIN_MS): Promise<void> {
    return this.lacks('incoming-card', withinMs);
  }

  /** Takes the call that is offered, and waits until it is up. */
  async answer(): Promise<void> {
    await this.click('answer');
    await this.isIn(/^talking$/);
  }

  /** Waits until the call is over, and the page says so: of how it ended. */
  isOver(by: EndedBy): Promise<void> {
    return this.isIn(new RegExp(`^ended-${by}$`));
  }

  /** What the call is: idle, ringing, answering, talking, held, consulting, ended-…; undefined before sign-in. */
  state(): Promise<string | undefined> {
    return this.page.evaluate(
      'document.querySelector(\'[data-testid="call-state"]\')?.dataset.state',
    ) as Promise<string | undefined>;
  }

  async isIn(state: RegExp, withinMs = WITHIN_MS): Promise<void> {
    await this.#telling(
      `its call to be ${String(state)}`,
      async () => state.test((await this.state()) ?? ''),
      withinMs,
    );
  }

  async press(key: string): Promise<void> {
    const name = `key-${KEY_NAMES[key] ?? key}`;
    if (!(await this.has(name))) await this.click('keypad-toggle');
    await this.click(name);
  }

  hears(hertz: number, withinMs?: number): Promise<void> {
    return hears(this.page, hertz, withinMs);
  }

  hearsSuch(what: string, such: (now: Heard) => boolean, withinMs?: number): Promise<void> {
    return hearsSuch(this.page, what, such, withinMs);
  }

  heard(): Promise<Heard> {
    return heard(this.page);
  }

  /** When something first happened in the page. @throws Error when it did not */
  async timeOf(what: RegExp, from = 0): Promise<number> {
    const notes = await this.notes();
    const note = notes.find(({ at, what: it }) => at >= from && what.test(it));
    if (!note)
      throw new Error(`${String(what)} is not among ${JSON.stringify(notes.map((each) => each.what))}`);
    return note.at;
  }

  notes(): Promise<readonly PageNote[]> {
    return notesOf(this.page);
  }

  route(): ReturnType<typeof routeOf> {
    return routeOf(this.page);
  }

  /** Waits for an element that can be seen. */
  async shows(name: string, withinMs = WITHIN_MS): Promise<void> {
    await this.#telling(`${name} to be shown`, () => this.has(name), withinMs);
  }

  async lacks(name: string, withinMs = WITHIN_MS): Promise<void> {
    await this.#telling(`${name} to go`, async () => !(await this.has(name)), withinMs);
  }

  /** Waits until an element's text is such. */
  async says(name: string, text: RegExp, withinMs = WITHIN_MS): Promise<void> {
    await this.#telling(
      `${name} to say ${String(text)}`,
      async () => text.test((await this.text(name)) ?? ''),
      withinMs,
    );
  }

  /** Text of an element; undefined when it is not there. */
  text(name: string): Promise<string | undefined> {
    return this.page.evaluate(
      `document.querySelector('[data-testid="${name}"]')?.textContent.trim()`,
    ) as Promise<string | undefined>;
  }

  has(name: string): Promise<boolean> {
    return this.page.evaluate(
      `(document.querySelector('[data-testid="${name}"]')?.getClientRects().length ?? 0) > 0`,
    ) as Promise<boolean>;
  }

  async click(name: string): Promise<void> {
    await this.shows(name);
    await this.page.click(`[data-testid="${name}"]`);
  }

  /** The tab is closed, with all that the browser knew of this user. */
  async close(): Promise<void> {
    const context = this.page.browserContext();
    // A tab or a browser that has crashed cannot be closed.
    await context.close().catch(() => undefined);
  }

  /** Keeps a picture, where somebody wants it. */
  picture(name: string): Promise<void> {
    return screenshot(this.page, `${this.browser.kind}-${name}`);
  }

  /** What failed is told with what the page showed. */
  async #telling(what: string, condition: () => Promise<boolean>, withinMs: number): Promise<void> {
    try {
      await until(`${this.username}: ${what}`, condition, withinMs, LOOK_MS);
    } catch (error) {
      const text = await this.page.evaluate('document.body?.innerText').catch(() => 'nothing: it is gone');
      const notes = await this.notes().catch(() => []);
      const last = notes.slice(-40).map((note) => note.what);
      throw new Error(
        `${this.username} waited in vain for ${what}. The page says:\n${String(text)}\nwhat happened last: ${last.join(' | ')}`,
        { cause: error },
      );
    }
  }
}
