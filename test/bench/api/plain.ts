import { randomUUID } from 'node:crypto';
import express from 'express';
import { Pool } from 'pg';
import { serve } from './serve';

/**
 * Express before the same PostgreSQL, and nothing between them: no key is asked for, nothing is validated, limited,
 * counted or logged. It reads the same rows, and writes the same two in one transaction.
 */
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 20 });
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/api/v1/campaigns/:id', async ({ params: { id } }, response) => {
  const { rows } = await pool.query({
    name: 'get',
    text: 'select * from campaigns where id = $1',
    values: [id],
  });
  response.json(rows[0]);
});
app.get('/api/v1/campaigns', async ({ query: { limit } }, response) => {
  const { rows } = await pool.query({
    name: 'list',
    text: `select * from campaigns where status <> 'archived' order by id limit $1`,
    values: [limit],
  });
  response.json({ items: rows, nextCursor: (rows as { id: string }[]).at(-1)?.id });
});
app.post('/api/v1/campaigns', express.json(), async ({ body }, response) => {
  const sent = body as Record<string, unknown>;
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query({
      name: 'create',
      text: `insert into campaigns (id, name, status, reserve_price, payout, currency, auction_type, routing,
          ring_timeout_ms, max_attempts, max_duration_ms)
        values ($1, $2, $3, $4, $5, 'USD', 'second_price', 'auction', 20000, 5, 3600000) returning *`,
      values: [randomUUID(), sent['name'], sent['status'], sent['reservePrice'], sent['payout']],
    });
    await client.query({
      name: 'note',
      text: `insert into audit_entries (actor_kind, actor_id, action, status, changes) values ('system', '', $1, 201, $2)`,
      values: ['createCampaign', sent],
    });
    await client.query('commit');
    response.status(201).json(rows[0]);
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
});
serve(app.listen(0, '127.0.0.1'));
