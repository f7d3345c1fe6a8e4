import type { Command } from 'commander';
import type { LoadedConfig } from '../config';
import { systemClock } from '../domain';
import { configuredPlans } from '../parts/open-plans';
import type { Database } from '../storage';
import { addAdminCommands } from './admin-commands';
import { addAnalyticsCommands } from './analytics-commands';
import { addAuditCommands } from './audit-commands';
import { addDatabaseCommands } from './database-commands';
import { addDialplanCommands } from './dialplan-commands';
import { addCallCommands } from './call-commands';
import { addFraudCommands } from './fraud-commands';
import { addInvoiceCommands } from './invoice-commands';
import { addLedgerCommands } from './ledger-commands';
import { addListCommands } from './list-commands';
import { addPrivacyCommands } from './privacy-commands';
import { addRatesCommands } from './rates-commands';
import { addReconciliationCommands } from './reconciliation-commands';
import { addRecordingCommands } from './recording-commands';
import { addSettlementCommands } from './settlement-commands';
import { terminalUser } from './terminal-user';

/** What groups of commands need of the program that they are part of. */
export interface CommandParts {
  /** Opens the configured database for some work, and closes it. */
  withDatabase(work: (database: Database, loaded: LoadedConfig) => Promise<void>): Promise<void>;
  /** The configuration as it is read now. @throws ConfigError */
  configured(): LoadedConfig;
  say(line: string): void;
  /** The folder of the migrations. */
  readonly migrations: string;
}

/** Every group of commands of `dce`. */
export function addCommandGroups(
  program: Command,
  { withDatabase, configured, say, migrations }: CommandParts,
): void {
  addDatabaseCommands(program, { withDatabase, say, migrations });

  addAdminCommands(program, { withDatabase, say, user: terminalUser });

  addListCommands(program, {
    withDatabase,
    say,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
  });

  addAnalyticsCommands(program, {
    withDatabase,
    say,
    setExitCode: (code) => void (process.exitCode = code),
  });

  addDialplanCommands(program, {
    withDatabase,
    user: terminalUser,
    configured: () => configuredPlans(configured().config),
    say,
    clock: systemClock,
    setExitCode: (code) => void (process.exitCode = code),
  });

  addCallCommands(program, {
    withDatabase,
    say,
    user: terminalUser,
    setExitCode: (code) => void (process.exitCode = code),
    onInterrupt: (stop) => {
      process.once('SIGINT', stop);
      return () => void process.removeListener('SIGINT', stop);
    },
  });

  addFraudCommands(program, { withDatabase, say, clock: systemClock });

  addInvoiceCommands(program, { withDatabase, say, clock: systemClock });

  addAuditCommands(program, {
    withDatabase,
    say,
    setExitCode: (code) => void (process.exitCode = code),
  });

  addLedgerCommands(program, {
    withDatabase,
    say,
    user: terminalUser,
    setExitCode: (code) => void (process.exitCode = code),
  });

  addPrivacyCommands(program, {
    withDatabase,
    say,
    stdin: process.stdin,
    stderr: process.stderr,
    clock: systemClock,
    user: terminalUser,
    setExitCode: (code) => void (process.exitCode = code),
  });

  addRatesCommands(program, {
    withDatabase,
    say,
    stdin: process.stdin,
    stderr: process.stderr,
    clock: systemClock,
  });

  addRecordingCommands(program, {
    withDatabase,
    say,
    stderr: process.stderr,
    setExitCode: (code) => void (process.exitCode = code),
  });

  addReconciliationCommands(program, {
    withDatabase,
    say,
    clock: systemClock,
    user: terminalUser,
    setExitCode: (code) => void (process.exitCode = code),
  });

  addSettlementCommands(program, { withDatabase, say, user: terminalUser });
}
