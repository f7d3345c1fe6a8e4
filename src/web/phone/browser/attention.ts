import { TEXT } from '../texts';

const FLASH_MS = 1_000;

/** Calls for somebody who looks elsewhere: the page's title, and the system's notifications. */
export class Attention {
  #timer: number | undefined;
  #notification: Notification | undefined;

  /** @param what - one line: of what call */
  incoming(what: string): void {
    this.quiet();
    let on = true;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    const flash = () => {
      document.title = on ? TEXT.title.incoming : TEXT.title.idle;
      on = calm || !on;
    };
    flash();
    this.#timer = window.setInterval(flash, FLASH_MS);
    if (!document.hidden || notificationPermission() !== 'granted') return;
    try {
      this.#notification = new Notification(TEXT.title.incoming, {
        body: what,
        tag: 'dce-call',
        requireInteraction: true,
      });
      this.#notification.onclick = () => {
        window.focus();
        this.#notification?.close();
      };
    } catch {
      // Browsers of phones show notifications from service workers alone.
    }
  }

  inCall(): void {
    this.quiet();
    document.title = TEXT.title.inCall;
  }

  /** Idempotent. */
  quiet(): void {
    window.clearInterval(this.#timer);
    this.#timer = undefined;
    this.#notification?.close();
    this.#notification = undefined;
    document.title = TEXT.title.idle;
  }
}

export function notificationPermission(): NotificationPermission | 'unsupported' {
  return 'Notification' in window ? Notification.permission : 'unsupported';
}
