/** The tab of this browser that is an agent's phone. */
export interface Tab {
  /** Lets another tab be it. Idempotent. */
  give(): void;
  /** Whether a call is up, which another tab may not take over. */
  set talking(on: boolean);
}

/** Why this tab is not the phone. */
export type Elsewhere = 'elsewhere' | 'talking_elsewhere';

/**
 * Keeps an agent's phone to one tab of this browser: two that ring for one person would answer each
 * other's calls. Other browsers are other phones.
 * @param steal - take it from another tab, unless a call is up there
 * @param onTaken - another tab has taken the phone over
 */
export async function takeTab(
  agentId: string,
  steal: boolean,
  onTaken: () => void,
): Promise<Tab | Elsewhere> {
  // Missing outside secure contexts, where there is no microphone either.
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return { give: () => undefined, talking: false };
  const name = `dce.phone.${agentId}`;
  const call = `${name}.call`;
  const { held = [] } = await locks.query();
  if (held.some((lock) => lock.name === call)) return 'talking_elsewhere';
  return new Promise((resolve) => {
    let given = false;
    locks
      .request(name, steal ? { steal: true } : { ifAvailable: true }, (lock) => {
        if (lock === null) {
          resolve('elsewhere');
          return undefined;
        }
        return new Promise<void>((release) => {
          const talking = holder(locks, call);
          resolve({
            give: () => {
              given = true;
              talking(false);
              release();
            },
            set talking(on: boolean) {
              talking(on);
            },
          });
        });
      })
      .catch(() => {
        if (!given) onTaken();
      });
  });
}

/** Holds a lock from true to false; the browser lets go of it when the tab is closed, or crashes. */
function holder(locks: LockManager, name: string): (on: boolean) => void {
  let letGo: (() => void) | undefined;
  return (on) => {
    if (!on) {
      letGo?.();
      letGo = undefined;
    } else if (letGo === undefined) {
      const over = new Promise<void>((resolve) => (letGo = resolve));
      locks.request(name, () => over).catch(() => undefined);
    }
  };
}
