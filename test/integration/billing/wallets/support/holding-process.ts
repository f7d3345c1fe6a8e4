import { PostgresFunds } from '../../../../../src/billing';
import type { Micros } from '../../../../../src/domain';
import { Database } from '../../../../../src/storage';

/** Holds money and gives it back, call after call, and never ends; arguments are a database and a buyer. */
async function hold(url: string, accountId: string): Promise<void> {
  const database = new Database({ url, poolSize: 2, statementTimeoutMs: 5_000, connectTimeoutMs: 2_000 });
  const funds = new PostgresFunds(database, { nodeId: 'doomed', bootId: 'first' });
  for (let n = 0; ; n++) {
    const callId = `doomed-${n}`;
    const id = `${callId}/1`;
    await funds.hold({ id, callId, accountId, currency: 'USD', amount: 1_000_000 as Micros });
    // Some calls stay up.
    if (n % 10 !== 0) funds.release(id);
    process.send?.(n);
  }
}

void hold(process.argv[2] ?? '', process.argv[3] ?? '');
