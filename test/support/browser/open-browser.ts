import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, LaunchOptions, Page } from 'puppeteer-core';
import { launch } from 'puppeteer-core';
import { writeTone } from '../../e2e/support/wav';
import { giveEars } from './hearing';
import { commandLine, processTree } from './process-tree';

export type BrowserKind = 'chromium' | 'firefox';

export interface BrowserOptions {
  /** The tone that its microphone hears, in Hz. */
  readonly fakeMicTone: number;
  /** Width and height of the window, in CSS pixels. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** More for the command line. */
  readonly args?: readonly string[];
}

const LAUNCH_MS = 60_000;
const TONE_SECONDS = 10;
/** Where screenshots go; without it none are made. */
const SCREENSHOTS = process.env.DCE_TEST_SCREENSHOTS;

/** A real browser without a screen, whose microphone hears a tone. */
export class TestBrowser {
  #ended = false;

  private constructor(
    readonly kind: BrowserKind,
    private readonly browser: Browser,
    private readonly folder: string,
    private readonly viewport: { width: number; height: number },
  ) {}

  static async open(kind: BrowserKind, options: BrowserOptions): Promise<TestBrowser> {
    const folder = mkdtempSync(join(tmpdir(), `dce-${kind}-`));
    try {
      const browser = await launch({
        ...(kind === 'chromium' ? chromium(folder, options) : firefox(options)),
        headless: true,
        acceptInsecureCerts: true,
        timeout: LAUNCH_MS,
        protocolTimeout: LAUNCH_MS,
        handleSIGINT: false,
      });
      const viewport = { width: 1_000, height: 800, ...options.viewport };
      return new TestBrowser(kind, browser, folder, viewport);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** An empty page that can be listened to. */
  newPage(): Promise<Page> {
    return this.#page(this.browser);
  }

  /** As {@link newPage}, of a user who shares nothing with those of other pages. */
  async newUser(): Promise<Page> {
    return this.#page(await this.browser.createBrowserContext());
  }

  async #page(owner: Pick<Browser, 'newPage'>): Promise<Page> {
    const page = await owner.newPage();
    await setSize(page, this.viewport);
    await giveEars(page);
    return page;
  }

  /** Whether it was closed or killed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Ends it as its user would. */
  async close(): Promise<void> {
    this.#ended = true;
    const pids = this.pids();
    await Promise.race([this.browser.close().catch(() => undefined), later(5_000)]);
    end(pids);
    this.#clean();
  }

  /** Ends it as a machine without power would: nobody is told anything. */
  kill(): void {
    this.#ended = true;
    end(this.pids());
    this.#clean();
  }

  /** Stops every process of it; nothing is sent or taken until {@link wake}. */
  freeze(): void {
    for (const pid of this.pids()) signal(pid, 'SIGSTOP');
  }

  wake(): void {
    for (const pid of this.pids()) signal(pid, 'SIGCONT');
  }

  /**
   * Takes the network away from Chromium, WebSockets and media alike: the process that holds its sockets
   * stops, the pages go on. What comes meanwhile waits, as on a bad radio link.
   */
  cutNetwork(): void {
    for (const pid of this.#networkPids()) signal(pid, 'SIGSTOP');
  }

  mendNetwork(): void {
    for (const pid of this.#networkPids()) signal(pid, 'SIGCONT');
  }

  #networkPids(): number[] {
    const found = this.pids().filter((pid) => commandLine(pid).includes('network.mojom.NetworkService'));
    if (found.length === 0) throw new Error(`${this.kind} has no process of its own for the network`);
    return found;
  }

  private pids(): number[] {
    const pid = this.browser.process()?.pid;
    return pid === undefined ? [] : processTree(pid);
  }

  #clean(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Opens a browser of the system. It is the caller's to close. */
export function openBrowser(kind: BrowserKind, options: BrowserOptions): Promise<TestBrowser> {
  return TestBrowser.open(kind, options);
}

/** Keeps a picture of the page where `DCE_TEST_SCREENSHOTS` names a folder. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined || SCREENSHOTS === '') return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) as `${string}.png`, fullPage: true });
}

/** Firefox takes a size at any version; older ones do not know the orientation that is set along with it. */
async function setSize(page: Page, size: { width: number; height: number }): Promise<void> {
  await page.setViewport(size).catch((error: unknown) => {
    if (!String(error).includes('setScreenOrientationOverride')) throw error;
  });
}

function chromium(folder: string, options: BrowserOptions): LaunchOptions {
  const tone = join(folder, 'tone.wav');
  writeTone(tone, options.fakeMicTone, TONE_SECONDS);
  return {
    browser: 'chrome',
    executablePath: process.env.DCE_TEST_CHROMIUM ?? '/usr/bin/chromium',
    userDataDir: join(folder, 'profile'),
    args: [
      // Chromium refuses its sandbox to root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${tone}`,
      ...(options.args ?? []),
    ],
  };
}

function firefox(options: BrowserOptions): LaunchOptions {
  return {
    browser: 'firefox',
    executablePath: process.env.DCE_TEST_FIREFOX ?? '/usr/bin/firefox-esr',
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.navigator.audio.fake_frequency': options.fakeMicTone,
      // The switch is there where the machine has no other address.
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
    args: [...(options.args ?? [])],
  };
}

function end(pids: readonly number[]): void {
  for (const pid of pids) signal(pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
