import { readFileSync } from 'node:fs';
import type { Page } from 'puppeteer-core';
import { until } from '../../../support/until';

/** Long enough for a machine that has ten other things to do. */
const WITHIN_MS = 30_000;
/** Each look is a message to the browser and back. */
const LOOK_MS = 100;
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** The console in a real browser, used as people use it: by what is on the screen. */
export class ConsolePage {
  /** What the browser refused for the policy of the page, and mistakes of the page itself. */
  readonly wrong: string[] = [];

  constructor(
    readonly page: Page,
    readonly url: string,
    /** Origins besides its own that it may go to. */
    elsewhere: readonly string[] = [],
  ) {
    page.on('console', (message) => {
      if (/content.security.policy|trusted/i.test(message.text())) this.wrong.push(message.text());
    });
    page.on('pageerror', (error) => void this.wrong.push(String(error)));
    page.on('request', (request) => {
      // Icons of the browser's own fields are data.
      const { origin, protocol } = new URL(request.url());
      const known = [new URL(url).origin, ...elsewhere];
      if (!known.includes(origin) && protocol !== 'data:') this.wrong.push(`asked ${request.url()}`);
    });
  }

  /** Opens a place of the console by its address. */
  async open(path = ''): Promise<void> {
    await this.page.goto(`${this.url}/console${path}`);
  }

  /** Goes to a page by the navigation. */
  async go(path: string): Promise<void> {
    await this.follow(`a[href="/console${path}"]`);
    await this.shows(`a[href="/console${path}"][aria-current="page"]`);
    // The page before stays until the next is loaded.
    const name = await this.text(`a.nav-link[href="/console${path}"]`);
    if (name !== '') await this.says('h1', new RegExp(`^${name}$`));
    await this.lacks('[data-testid="loading"]');
  }

  /** Pages that the navigation offers. */
  pages(): Promise<string[]> {
    return this.page.evaluate(
      `[...document.querySelectorAll('a.nav-link')].map((link) => link.getAttribute('href').slice('/console'.length) || '/')`,
    ) as Promise<string[]>;
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.heading(/Sign in/);
    await this.fill('sign-in-email', email);
    await this.fill('sign-in-password', password);
    await this.page.keyboard.press('Enter');
  }

  /**
   * Opens a dialog, sends it with what is wrong, and sees that said.
   * @param wrong - selector of what is shown then
   */
  async dialog(opener: string, fields: Readonly<Record<string, string>>, wrong: string): Promise<void> {
    await this.click(opener);
    await this.shows('dialog[open]');
    await this.filled(fields);
    await this.shows(`dialog ${wrong}`);
    expect(await this.violations()).toEqual([]);
  }

  /** Fills the dialog that is open, and sends it. */
  async filled(fields: Readonly<Record<string, string>>): Promise<void> {
    for (const [field, text] of Object.entries(fields)) await this.fill(field, text);
    await this.click('dialog-confirm');
  }

  /** Says yes to the dialog that is open. */
  async confirm(): Promise<void> {
    await this.click('dialog-confirm');
    await this.lacks('dialog[open]');
  }

  /** Test id of what has the focus. */
  focused(): Promise<string | null> {
    return this.page.evaluate('document.activeElement?.dataset.testid ?? null') as Promise<string | null>;
  }

  /** Goes to a place by a link of the page. */
  async follow(selector: string): Promise<void> {
    await this.shows(selector);
    await this.page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  async click(testId: string): Promise<void> {
    await this.follow(`[data-testid="${testId}"]`);
  }

  /** Types over what stands in a field. */
  async fill(testId: string, text: string): Promise<void> {
    const selector = `[data-testid="${testId}"]`;
    await this.shows(selector);
    await this.page.click(selector, { count: 3 });
    await this.page.type(selector, text);
  }

  async choose(testId: string, value: string): Promise<void> {
    const selector = `[data-testid="${testId}"]`;
    await this.shows(`${selector} option[value="${value}"]`);
    await this.page.select(selector, value);
  }

  shows(selector: string): Promise<void> {
    return this.#until(
      `the page to show ${selector}`,
      `document.querySelector(${JSON.stringify(selector)}) !== null`,
    );
  }

  lacks(selector: string): Promise<void> {
    return this.#until(
      `the page to lack ${selector}`,
      `document.querySelector(${JSON.stringify(selector)}) === null`,
    );
  }

  /** Waits until an element says what is wanted. */
  async says(selector: string, text: RegExp): Promise<void> {
    await this.#until(
      `${selector} to say ${String(text)}`,
      `${String(text)}.test(${this.#textOf(selector)})`,
    );
  }

  text(selector: string): Promise<string> {
    return this.page.evaluate(this.#textOf(selector)) as Promise<string>;
  }

  async heading(text: RegExp): Promise<void> {
    await this.says('h1', text);
  }

  /** What axe-core finds wrong with the page as it is, by the rules of WCAG 2.2 AA. */
  async violations(): Promise<string[]> {
    // Told to the page by the debugger, which the policy of the page does not bind.
    await this.page.evaluate(`globalThis.axe === undefined ? (0, ${'function () {'} ${AXE} })() : undefined`);
    // A colour on its way from one to another is neither.
    await this.page.evaluate(`Promise.all(document.getAnimations()
      .filter(({ effect }) => effect.getComputedTiming().endTime < Infinity)
      .map(({ finished }) => finished.catch(() => undefined)))`);
    const found = (await this.page.evaluate(
      `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
        .then(({ violations }) => violations)`,
    )) as readonly Violation[];
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ''}`),
    );
  }

  #textOf(selector: string): string {
    return `(document.querySelector(${JSON.stringify(selector)})?.innerText ?? '')`;
  }

  async #until(what: string, condition: string): Promise<void> {
    const holds = async (): Promise<boolean> =>
      Boolean(await this.page.evaluate(condition).catch(() => false));
    await until(what, holds, WITHIN_MS, LOOK_MS).catch(async (error: unknown) => {
      const shown = await this.page.evaluate('document.body.innerText').catch(() => 'nothing');
      throw new Error(`${String(error)}; it shows:\n${String(shown).slice(0, 1_500)}`, { cause: error });
    });
  }
}
