import { AppError, asError } from '../domain';
import type { AuditEntry, Database, Queryable } from '../storage';
import { recordAudit } from '../storage';
import { terminalUser } from './terminal-user';

/** What a command says of what it changed. */
export type CommandDeed = Pick<AuditEntry, 'subject' | 'changes' | 'reason'>;

/** Of errors that say nothing of themselves. */
const FAILED = 500;

/**
 * Writes down what was done at a terminal.
 * @param db - the transaction of the change, where there is one
 * @param user - of the operating system
 * @param command - e.g. `rates import`: it is written as `cli.rates.import`
 */
export function recordCommand(
  db: Queryable,
  user: string,
  command: string,
  deed: CommandDeed & Pick<AuditEntry, 'status'> = {},
): Promise<void> {
  const action = `cli.${command.replaceAll(' ', '.')}`;
  return recordAudit(db, { actor: { kind: 'cli', id: user }, action, ...deed });
}

/**
 * Runs a command that changes something in one transaction, and writes it down in the same: both are there, or
 * neither.
 * @param work - what it does, and says of it
 */
export async function inOneRecorded<T>(
  database: Database,
  command: string,
  work: (tx: Queryable, tell: (deed: CommandDeed) => void) => Promise<T>,
): Promise<T> {
  return database.transaction(async (tx) => {
    let deed: CommandDeed = {};
    const result = await work(tx, (told) => void (deed = { ...deed, ...told }));
    await recordCommand(tx, terminalUser(), command, deed);
    return result;
  });
}

/**
 * Runs a command that changes something in several transactions, or outside the database, and writes down right
 * after it how it came out: of one that failed too, since part of it may be done.
 */
export function recorded<Rest extends readonly unknown[]>(
  withDatabase: (work: (database: Database, ...rest: Rest) => Promise<void>) => Promise<void>,
  command: string,
  deed: CommandDeed,
  work: (database: Database, ...rest: Rest) => Promise<void>,
): Promise<void> {
  return withDatabase(async (database, ...rest) => {
    const write = (more: CommandDeed & Pick<AuditEntry, 'status'> = {}): Promise<void> =>
      recordCommand(database, terminalUser(), command, { ...deed, ...more });
    try {
      await work(database, ...rest);
    } catch (error) {
      const status = error instanceof AppError ? error.httpStatus : FAILED;
      // What it failed of is to be told, also where the log cannot be written for the same reason.
      await write({ status, reason: codeOf(error) }).catch(() => undefined);
      throw error;
    }
    await write();
  });
}

/** The code alone: messages quote what was typed, which may be somebody's number. */
function codeOf(error: unknown): string {
  return error instanceof AppError ? error.code : asError(error).name;
}
