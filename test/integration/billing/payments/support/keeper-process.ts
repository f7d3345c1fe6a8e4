import { PaymentKeeper, StripeProvider } from '../../../../../src/billing';
import { Database } from '../../../../../src/storage';

/** A process that asks for payments once, and is killed on the way: `<database> <port of the provider> <when>`. */
const [url = '', port = '', when = ''] = process.argv.slice(2);

/** Dies with everything written, and nothing committed. */
class DyingDatabase extends Database {
  override transaction<T>(work: Parameters<Database['transaction']>[0]): Promise<T> {
    return super.transaction(async (tx) => {
      await work(tx);
      process.kill(process.pid, 'SIGKILL');
      return new Promise<T>(() => undefined);
    });
  }
}

const options = { url, poolSize: 2, statementTimeoutMs: 5_000, connectTimeoutMs: 2_000 };
const database = when === 'before commit' ? new DyingDatabase(options) : new Database(options);
const provider = new StripeProvider({
  apiKey: 'sk_test_stub',
  host: '127.0.0.1',
  port: Number(port),
  protocol: 'http',
  timeoutMs: 20_000,
});
void new PaymentKeeper(database, provider, { now: () => Date.now() }).run();
