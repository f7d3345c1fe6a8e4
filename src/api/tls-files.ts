import { readFile, stat } from 'node:fs/promises';
import type { SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';

export interface TlsFiles {
  /** Certificate chain and private key, in PEM. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** Two files are never written at one instant: what does not fit together yet is tried again. */
const LOOK_EVERY_MS = 5_000;

/**
 * Reads a certificate and its key. @throws Error that names the setting when they cannot be used
 */
export async function readTlsFiles({ certFile, keyFile }: TlsFiles): Promise<SecureContextOptions> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    const options = { cert, key, minVersion: 'TLSv1.2' } as const;
    createSecureContext(options);
    return options;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`api.tls.certFile and api.tls.keyFile cannot be used: ${why}`, { cause: error });
  }
}

/**
 * Tells of a certificate that was replaced; what cannot be used is told as an error, and the one before stays.
 * @returns how to stop
 */
export function watchTlsFiles(
  files: TlsFiles,
  onChange: (options: SecureContextOptions) => void,
  onError: (error: Error) => void,
  everyMs = LOOK_EVERY_MS,
): () => void {
  let known: string | undefined;
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const state = await stateOf(files);
      if (known === undefined) known = state;
      if (state === known) return;
      onChange(await readTlsFiles(files));
      known = state;
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    } finally {
      looking = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), everyMs);
  return () => clearInterval(timer);
}

async function stateOf({ certFile, keyFile }: TlsFiles): Promise<string> {
  const stats = await Promise.all([stat(certFile), stat(keyFile)]);
  return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs}/${size}/${ino}`).join();
}
