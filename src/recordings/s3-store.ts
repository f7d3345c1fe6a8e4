import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { AppError, asError } from '../domain';
import type { ObjectStore } from './object-store';
import type { ByteSource } from './sealed-audio';
import type { S3Credentials } from './sign-s3';
import { EMPTY_PAYLOAD, signedHeaders } from './sign-s3';

export interface S3StoreOptions extends S3Credentials {
  /** Where the store is: `https://s3.eu-central-1.amazonaws.com`, or any that speaks like it. */
  readonly endpoint: string;
  /** Named in the path. */
  readonly bucket: string;
  /** What names of objects begin with: empty, or ends with `/`. */
  readonly prefix: string;
  /** Milliseconds that one request may take. */
  readonly timeoutMs: number;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
}

interface Asked {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly object: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string;
  /** A file that is sent. */
  readonly file?: string;
  /** Octets of the answer that are read; what goes beyond is an error. */
  readonly most: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Enough of what a store says when it refuses something. */
const MOST_SAID = 65_536;

/** Sealed recordings in an S3-compatible store. What lies there is of no use to whoever runs it. */
export class S3Store implements ObjectStore {
  readonly name = 's3';
  readonly #options: S3StoreOptions;

  constructor(options: S3StoreOptions) {
    this.#options = options;
  }

  async put(object: string, path: string): Promise<void> {
    const { size } = await stat(path);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) hash.update(piece);
    });
    const headers = { 'content-length': `${size}`, 'content-type': 'application/octet-stream' };
    const payload = hash.digest('hex');
    const answer = await this.#ask({ method: 'PUT', object, headers, payload, file: path, most: MOST_SAID });
    if (answer.status !== 200) throw refused('PUT', answer);
  }

  async open(object: string): Promise<ByteSource> {
    const head = await this.#ask({ method: 'HEAD', object, most: 0 });
    const size = Number(head.headers['content-length']);
    if (head.status !== 200 || !Number.isSafeInteger(size)) throw refused('HEAD', head);
    return {
      size,
      read: async (offset, length) => {
        if (length === 0) return Buffer.alloc(0);
        const range = `bytes=${offset}-${offset + length - 1}`;
        const answer = await this.#ask({ method: 'GET', object, headers: { range }, most: length });
        if (answer.status !== 206 || answer.body.length !== length) throw refused('GET', answer);
        return answer.body;
      },
      close: () => Promise.resolve(),
    };
  }

  async remove(object: string): Promise<void> {
    const answer = await this.#ask({ method: 'DELETE', object, most: MOST_SAID });
    if (![200, 204, 404].includes(answer.status)) throw refused('DELETE', answer);
  }

  async #ask({ method, object, headers = {}, payload = EMPTY_PAYLOAD, file, most }: Asked): Promise<Answer> {
    const { endpoint, bucket, prefix, timeoutMs, now } = this.#options;
    const url = new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}/${prefix}${object}`);
    const signed = signedHeaders({ method, url, headers, payload, at: now() }, this.#options);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await exchange(url, method, signed, file, Math.max(most, MOST_SAID), signal);
    } catch (error) {
      const why = signal.aborted ? `no answer within ${timeoutMs} ms` : asError(error).message;
      throw new AppError('unavailable', 'recording_not_here', `the store of recordings: ${why}`);
    }
  }
}

/** One request and its whole answer; redirects are not followed. */
async function exchange(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  file: string | undefined,
  most: number,
  signal: AbortSignal,
): Promise<Answer> {
  const begin = url.protocol === 'https:' ? requestHttps : requestHttp;
  const request = begin(url, { method, headers, signal, agent: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  // It may answer, or break off, before all of the file is sent.
  const sent =
    file === undefined ? Promise.resolve(void request.end()) : pipeline(createReadStream(file), request);
  sent.catch(() => undefined);
  const response = await answered;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > most) {
      request.destroy();
      throw new Error('it answers with more than was asked for');
    }
    pieces.push(piece);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) };
}

/** What a store says beside its status is XML: its code is told. */
function refused(method: string, { status, body }: Answer): AppError {
  const [, code = ''] = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(body.toString('latin1')) ?? [];
  return new AppError(
    'unavailable',
    'recording_not_here',
    `the store of recordings answers ${method} with ${status}${code === '' ? '' : ` ${code}`}`,
  );
}
