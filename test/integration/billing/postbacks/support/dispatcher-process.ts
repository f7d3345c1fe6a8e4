import { PortPolicy } from '../../../../../src/billing/postbacks/port-policy';
import { PostbackDispatcher } from '../../../../../src/billing/postbacks/postback-dispatcher';
import { AddressPolicy } from '../../../../../src/domain';
import { Database, Vault } from '../../../../../src/storage';

/** A worker that tells of events, of the database whose URL is the first argument, sealed by the key that is the second. */
const [url = '', key = ''] = process.argv.slice(2);
const database = new Database({ url, poolSize: 4, statementTimeoutMs: 10_000, connectTimeoutMs: 5_000 });
const dispatcher = new PostbackDispatcher(database, new Vault(key), {
  places: {
    addresses: new AddressPolicy(['127.0.0.0/8']),
    ports: new PortPolicy(['1024-65535']),
    allowHttp: ['127.0.0.1'],
  },
  concurrency: 8,
  perHost: 8,
  timeoutMs: 5_000,
  logDays: 30,
  pollMs: 10,
  leaseMs: 1_000,
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  onError: (error) => process.stderr.write(`${error.message}\n`),
});
dispatcher.start();
process.stdout.write('ready\n');
