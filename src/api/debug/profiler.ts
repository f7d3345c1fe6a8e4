import { Session } from 'node:inspector/promises';

/** Microseconds between looks at the stack: half as often as usual, since calls go on meanwhile. */
const INTERVAL_US = 2_000;

/**
 * Looks where the process spends its time.
 * @returns a CPU profile as V8 writes it (`.cpuprofile`), which the developer tools of browsers show
 */
export async function profileCpu(milliseconds: number, stopped: AbortSignal): Promise<object> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    await session.post('Profiler.start');
    await timeOf(milliseconds, stopped);
    const { profile } = await session.post('Profiler.stop');
    return profile;
  } finally {
    session.disconnect();
  }
}

function timeOf(milliseconds: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stopped.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    stopped.addEventListener('abort', end);
    if (stopped.aborted) end();
  });
}
