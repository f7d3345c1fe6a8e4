/** Room that a private service's folder must have on its disk, in bytes. */
export const MIN_FREE_BYTES = 300 * 1024 * 1024;

/** A one-line reason, with what to do, for the troubles that any start can meet; undefined for others. */
export function commonTrouble(error: unknown, folder: string): string | undefined {
  const text = error instanceof Error ? `${codeOf(error)} ${error.message}` : String(error);
  if (/ENOSPC|no space left/i.test(text)) return `the disk of ${folder} is full: make room and start again`;
  if (/EACCES|EPERM|permission denied/i.test(text)) {
    return `no right to write to ${folder}: change its owner, or set DCE_DATA_DIR to another folder`;
  }
  if (/EROFS|read-only file system/i.test(text)) {
    return `${folder} is on a read-only disk: set DCE_DATA_DIR to another folder`;
  }
  if (/ENOTDIR/.test(text)) {
    return `${folder} is no folder, a file is in its place: set DCE_DATA_DIR to another folder`;
  }
  return undefined;
}

/** Rethrows file-system trouble of `work` as one line that says what to do. */
export function inFolder<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const line = commonTrouble(error, folder);
    if (line === undefined) throw error;
    throw new Error(line, { cause: error });
  }
}

/** @throws Error when less than {@link MIN_FREE_BYTES} are free */
export function requireRoom(folder: string, freeBytes: number): void {
  if (freeBytes >= MIN_FREE_BYTES) return;
  const megabytes = (bytes: number): number => Math.floor(bytes / 1024 / 1024);
  throw new Error(
    `the disk of ${folder} has ${megabytes(freeBytes)} MB left and ${megabytes(MIN_FREE_BYTES)} MB are needed: make room and start again`,
  );
}

/** The line of a server's output that says why it failed, else its last line. */
export function tellingLine(output: string): string {
  const lines = output.trim().split('\n');
  const telling = lines.findLast((line) => /FATAL|PANIC|ERROR|Fatal|error:/.test(line));
  return (telling ?? lines.at(-1) ?? '').trim();
}

/** Code of a system error, e.g. `EEXIST`; '' when it has none. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
