import { hostname, userInfo } from 'node:os';

/** Who runs this process, as far as the machine knows. */
export function terminalUser(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // Containers run users that no file names.
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}
