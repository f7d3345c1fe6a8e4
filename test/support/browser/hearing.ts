import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { until } from '../until';

/** What a page plays now of the calls it has. */
export interface Heard {
  /** The loudest frequency, 0 when it is silent. */
  readonly hertz: number;
  /** 0 … 1. */
  readonly rms: number;
  /** The key whose tones it plays, or ''. */
  readonly digit: string;
  /** Keys heard so far. */
  readonly digits: string;
}

/** Something that happened in a page, by the clock of the machine. */
export interface PageNote {
  /** UTC epoch milliseconds, with fractions. */
  readonly at: number;
  /**
   * `+ NAME TEXT`, `= NAME TEXT`, `- NAME`: an element of this data-testid came, changed, went.
   * `< LINE`, `> LINE`: first line of a SIP message. `sip open`, `sip closed`, `ice STATE`.
   */
  readonly what: string;
}

const SCRIPT = readFileSync(join(__dirname, 'hearing.js'), 'utf8');
/** The spectrum has lines about 12 Hz apart. */
const TOLERANCE_HZ = 20;
const WITHIN_MS = 20_000;
/** Each look is a message to the browser and back. */
const LOOK_MS = 100;

/** Lets a page be listened to; before it is opened. */
export async function giveEars(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(SCRIPT);
}

/** What the page plays at this moment. */
export function heard(page: Page): Promise<Heard> {
  return page.evaluate('dceHearing.heard()') as Promise<Heard>;
}

/** Waits until the page plays this tone. @throws Error that says what it plays instead */
export async function hears(page: Page, hertz: number, withinMs = WITHIN_MS): Promise<void> {
  await hearsSuch(page, `${hertz} Hz`, (now) => Math.abs(now.hertz - hertz) < TOLERANCE_HZ, withinMs);
}

/** Waits until the page plays something, or nothing, that the test knows. */
export async function hearsSuch(
  page: Page,
  what: string,
  such: (now: Heard) => boolean,
  withinMs = WITHIN_MS,
): Promise<void> {
  let last: Heard | undefined;
  const hearsIt = async (): Promise<boolean> => such((last = await heard(page)));
  await until(`the page to hear ${what}`, hearsIt, withinMs, LOOK_MS).catch((error: unknown) => {
    throw new Error(`the page hears ${JSON.stringify(last)}`, { cause: error });
  });
}

/** What has happened in the page since it was opened, at most some thousand entries. */
export function notesOf(page: Page): Promise<readonly PageNote[]> {
  return page.evaluate('dceHearing.notes()') as Promise<readonly PageNote[]>;
}

/** Kinds of the two ICE candidates that audio goes between, e.g. `relay`. */
export function routeOf(page: Page): Promise<{ local: string; remote: string } | undefined> {
  return page.evaluate('dceHearing.route()') as Promise<{ local: string; remote: string } | undefined>;
}
