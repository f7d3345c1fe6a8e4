import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Credentials } from '../../src/recordings/sign-s3';
import { signedHeaders } from '../../src/recordings/sign-s3';

/**
 * Stands in for an S3-compatible store: it keeps objects in memory and takes requests alone whose signature, and
 * body, are right. How signatures are made is tested against the reference of Amazon S3.
 */
export interface S3Stub {
  readonly url: string;
  /** By path. */
  readonly objects: Map<string, Buffer>;
  /** What was refused, and why. */
  readonly refused: string[];
  /** Answered with 503 while it is true. */
  away: boolean;
  close(): Promise<void>;
}

export const S3_WHO: S3Credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-central-1',
};

export async function startS3Stub(): Promise<S3Stub> {
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => void answer(stub, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stub: S3Stub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    refused: [],
    away: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return stub;
}

async function answer(stub: S3Stub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  const body = Buffer.concat(pieces);
  const path = request.url ?? '';
  const say = (status: number, code: string): void => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code></Error>`);
  };
  if (stub.away) return say(503, 'SlowDown');
  const problem = problemOf(stub, request, body);
  if (problem !== undefined) {
    stub.refused.push(problem);
    return say(403, problem);
  }
  if (request.method === 'PUT') {
    stub.objects.set(path, body);
    response.writeHead(200).end();
    return;
  }
  if (request.method === 'DELETE') {
    stub.objects.delete(path);
    response.writeHead(204).end();
    return;
  }
  const object = stub.objects.get(path);
  if (!object) return say(404, 'NoSuchKey');
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const part = first === undefined ? object : object.subarray(Number(first), Number(last) + 1);
  response.writeHead(first === undefined ? 200 : 206, { 'content-length': part.length });
  response.end(request.method === 'HEAD' ? undefined : part);
}

function problemOf(stub: S3Stub, request: IncomingMessage, body: Buffer): string | undefined {
  const { headers } = request;
  const payload = createHash('sha256').update(body).digest('hex');
  if (headers['x-amz-content-sha256'] !== payload) return 'XAmzContentSHA256Mismatch';
  const [, names = ''] = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? [];
  const date = String(headers['x-amz-date']);
  const at = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5Z'));
  const sent = Object.fromEntries(
    names
      .split(';')
      .filter((name) => name !== 'host' && !/^x-amz-(?:date|content-sha256)$/.test(name))
      .map((name) => [name, String(headers[name])]),
  );
  const url = new URL(request.url ?? '', stub.url);
  const right = signedHeaders({ method: request.method ?? '', url, headers: sent, payload, at }, S3_WHO);
  return right['authorization'] === headers.authorization ? undefined : 'SignatureDoesNotMatch';
}
