import { EventEmitter } from 'node:events';
import type { Response } from 'express';
import { z } from 'zod';
import { exportOf } from '../../../src/api/csv/export-of';
import { withFields } from '../../../src/api/lists/sparse-fields';
import { route } from '../../../src/api/route';
import { listOf, page } from '../../../src/api/schemas';

/** A client that takes one piece, and the next when it says so. */
class SlowClient extends EventEmitter {
  readonly pieces: string[] = [];
  headersSent = false;
  destroyed = false;
  ended = false;
  setHeader(): void {
    this.headersSent = true;
  }
  status(): this {
    return this;
  }
  write(piece: string): boolean {
    this.pieces.push(piece);
    return false;
  }
  end(): void {
    this.ended = true;
  }
}

/** Lets everything that can go on without the client go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function listOfPages(pages: number): { asked: number; exported: ReturnType<typeof exportOf> } {
  const counted = { asked: 0 };
  const list = route({
    method: 'get',
    path: '/things',
    operationId: 'listThings',
    tag: 'things',
    summary: 'Things',
    scope: 'things:read',
    query: page,
    reply: listOf(z.object({ id: z.string(), note: z.string() })),
    handle: ({ query: { cursor = '0' } }) => {
      counted.asked++;
      const next = Number(cursor) + 1;
      const items = [{ id: cursor, note: `=${cursor}` }];
      return Promise.resolve({ body: { items, nextCursor: next < pages ? String(next) : null } });
    },
  });
  return Object.assign(counted, { exported: exportOf(withFields(list)) });
}

const perform = (of: ReturnType<typeof listOfPages>, client: SlowClient): Promise<unknown> =>
  of.exported.handle({ response: client as unknown as Response, query: {} } as never);

test('a page is read when the client has taken the one before', async () => {
  const list = listOfPages(3);
  const client = new SlowClient();
  const done = perform(list, client);
  for (const asked of [1, 1, 2, 3]) {
    await settle();
    expect(list.asked).toBe(asked);
    client.emit('drain');
  }
  await done;
  expect(client.ended).toBe(true);
  expect(client.pieces.join('')).toBe("id,note\r\n0,'=0\r\n1,'=1\r\n2,'=2\r\n");
});

test('nothing more is read for a client that went away', async () => {
  const list = listOfPages(1_000);
  const client = new SlowClient();
  const done = perform(list, client);
  await settle();
  client.destroyed = true;
  client.emit('close');
  await done;
  expect([list.asked, client.ended]).toEqual([1, false]);
});
