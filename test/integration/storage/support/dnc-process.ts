import { Command } from 'commander';
import { systemClock } from '../../../../src/domain';
import { addListCommands } from '../../../../src/commands/list-commands';
import { Database } from '../../../../src/storage';

/** `dce dnc …` on the database whose URL is the first argument. */
const [url = '', ...words] = process.argv.slice(2);
const program = new Command('dce');
addListCommands(program, {
  withDatabase: async (work) => {
    const database = new Database({ url, poolSize: 4, statementTimeoutMs: 10_000, connectTimeoutMs: 5_000 });
    await work(database).finally(() => database.close());
  },
  say: (line) => void process.stdout.write(`${line}\n`),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
});
program.parseAsync(['dnc', ...words], { from: 'user' }).catch((error: unknown) => {
  process.stderr.write(`dce: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
