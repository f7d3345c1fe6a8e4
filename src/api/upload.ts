import type { Request, Response } from 'express';
import { AppError } from '../domain';

/**
 * Hands the body of a request on as it comes, to a route that reads it itself. Whatever becomes of it, the
 * connection is closed afterwards: what is left of a body that nobody read must not be taken for a request.
 *
 * @param most - bytes at most, where the request says how many there are
 * @throws AppError `validation` when the sender breaks off
 */
export async function readUpload<T>(
  request: Request,
  response: Response,
  most: number,
  read: (body: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  response.setHeader('Connection', 'close');
  try {
    if (Number(request.get('Content-Length') ?? 0) > most) throw tooLarge();
    // Whoever stops reading leaves the connection open for the answer.
    return await read(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>);
  } catch (error) {
    if (!request.complete && request.destroyed) {
      throw new AppError('validation', 'upload_broken_off', 'the body did not come to its end');
    }
    throw error;
  } finally {
    // A sender that is not listened to may not listen either: what it still sends is let go.
    request.resume();
  }
}

/** The body is larger than the operation takes. */
export function tooLarge(): Error {
  return Object.assign(new Error('the body is too large'), { status: 413, type: 'entity.too.large' });
}

/** Why a file was refused. @param more - there may be more than were counted */
export function nothingImported(wrong: number, more: boolean): string {
  const things = wrong === 1 && !more ? '1 thing is' : `${wrong}${more ? ' or more' : ''} things are`;
  return `nothing was imported: ${things} wrong with the file`;
}
