import type { Response } from 'express';
import { beginStream } from './middleware/request-context';

/** What a file is called and what is in it. */
export interface FileHead {
  /** Media type, e.g. `text/csv; charset=utf-8`. */
  readonly type: string;
  /** Letters, digits, `_ . -`: it goes into a header. */
  readonly name: string;
}

/** A client that went away takes nothing more. */
class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/**
 * Answers with a file as it is made, no faster than the client reads. Until its first piece is there, a
 * failure is an answer of its own; after that the connection is broken off, so that half a file is never taken
 * for a whole one.
 */
export async function sendFile(
  response: Response,
  { type, name }: FileHead,
  make: (write: (piece: string | Buffer) => Promise<void>) => Promise<void>,
): Promise<void> {
  const begin = (): void => {
    if (response.headersSent) return;
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Disposition', `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`);
    response.status(200);
    beginStream(response);
  };
  try {
    await make(async (piece) => {
      if (response.destroyed) throw new ClientGone();
      begin();
      if (response.write(piece)) return;
      await drained(response);
    });
  } catch (error) {
    if (error instanceof ClientGone) return;
    throw error;
  }
  begin();
  response.end();
}

/** Resolves once the client has taken what was written, or is gone. */
export function drained(response: Response): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      response.off('drain', over).off('close', over);
      resolve();
    };
    if (response.destroyed) resolve();
    else response.on('drain', over).on('close', over);
  });
}
