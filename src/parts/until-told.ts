import { readFileSync } from 'node:fs';

export interface UntilToldOptions {
  /** Also when standard input ends, because whoever started us is gone. */
  readonly parentPipe?: boolean;
  /** Called when we are told a second time; the process ends right after it. */
  readonly again?: () => void;
}

/**
 * Ctrl-C reaches every process of a terminal's group, and each that started another passes it on: what
 * comes within so many milliseconds of the first is the same word.
 */
const ECHO_MS = 500;
/** What a shell reports of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Resolves at SIGINT, SIGTERM or SIGHUP; a second one ends the process without waiting any longer. */
export function untilTold({ parentPipe = false, again }: UntilToldOptions = {}): Promise<void> {
  return new Promise((resolve) => {
    let toldAt: number | undefined;
    const tell = (): void => {
      if (toldAt === undefined) {
        toldAt = performance.now();
        // A pipe that is read keeps the process alive.
        if (parentPipe) process.stdin.destroy();
        resolve();
      } else if (performance.now() - toldAt > ECHO_MS) {
        again?.();
        process.exit(INTERRUPTED);
      }
    };
    process.on('SIGINT', tell);
    process.on('SIGTERM', tell);
    if (!ignoresHangup()) process.on('SIGHUP', tell);
    if (parentPipe) {
      process.stdin.resume();
      process.stdin.once('end', tell);
    }
  });
}

/** Started by nohup: a closed terminal is no reason to end (proc(5), SigIgn of /proc/pid/status; bit 0 is signal 1). */
function ignoresHangup(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    return (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
