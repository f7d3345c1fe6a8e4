import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { MAX_SCOPES, OPERATOR_ACCOUNT, SCOPE, SCOPE_EXAMPLES } from '../domain';
import type { Database, Queryable } from '../storage';
import { changedFields, createOAuthClient, issueApiKey } from '../storage';
import { inOneRecorded } from './command-record';
import { oneOf } from './option-values';

/** What new keys and clients differ in. */
export interface NewCredential {
  readonly what: string;
  /** First word of their path. */
  readonly kind: string;
  /** Its id, and what is printed of it. */
  readonly add: (
    db: Queryable,
    wanted: Parameters<typeof issueApiKey>[1],
  ) => Promise<{ readonly id: string; readonly printed: readonly string[] }>;
}

export interface NewCredentialParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  /** Who is at the terminal. */
  readonly user: () => string;
}

export const NEW_KEY: NewCredential = {
  what: 'key',
  kind: 'keys',
  add: async (db, wanted) => {
    const { apiKey, key } = await issueApiKey(db, wanted);
    return { id: apiKey.id, printed: [key] };
  },
};

export const NEW_CLIENT: NewCredential = {
  what: 'client',
  kind: 'oauth-clients',
  add: async (db, wanted) => {
    const { client, secret } = await createOAuthClient(db, wanted);
    return { id: client.id, printed: [`client_id      ${client.id}`, `client_secret  ${secret}`] };
  },
};

const DAY_MS = 86_400_000;

interface Options {
  readonly account: string;
  readonly role?: 'admin' | 'auditor';
  readonly scopes: readonly string[];
  readonly days?: number;
}

/**
 * Has a command make a key or a client, and print what proves it.
 * @param audited - its words, in the audit log
 * @param usual - its scopes, where none are said; without it they must be
 */
export function makesCredential(
  command: Command,
  { withDatabase, say, user }: NewCredentialParts,
  { what, kind, add }: NewCredential,
  audited: string,
  usual?: readonly string[],
): void {
  const scopes = [
    '--scopes <list>',
    'what it may do, with commas, e.g. calls:read,bids:*',
    scopeList,
  ] as const;
  command.description(`make a ${what} and print what proves it: it is shown this once`);
  if (usual) command.option(...scopes, [...usual]);
  else command.requiredOption(...scopes);
  command
    .option('--account <id>', 'of this account', OPERATOR_ACCOUNT)
    .option(
      '--role <role>',
      'of the exchange: admin, which is the default, or auditor',
      oneOf('admin', 'auditor'),
    )
    .option('--days <n>', 'good for so many days; for ever by default', days)
    .action((name: string, { account: accountId, role, scopes: allowed, days: lasts }: Options) =>
      withDatabase(async (database) => {
        const expiresAt = lasts === undefined ? undefined : Date.now() + lasts * DAY_MS;
        const wanted = { accountId, name, role, scopes: allowed, expiresAt, createdBy: `terminal:${user()}` };
        const printed = await inOneRecorded(database, audited, async (tx, tell) => {
          const added = await add(tx, wanted);
          tell({ subject: { kind, id: added.id }, changes: changedFields(undefined, wanted) });
          return added.printed;
        });
        for (const text of printed) say(text);
      }),
    );
}

/**
 * Reads scopes with commas between them.
 * @throws InvalidArgumentError for what is none
 */
export function scopeList(text: string): string[] {
  const list = text.split(',').map((scope) => scope.trim());
  const wrong = list.find((scope) => !SCOPE.test(scope));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none; ${SCOPE_EXAMPLES}`);
  if (list.length > MAX_SCOPES) throw new InvalidArgumentError(`there are more than ${MAX_SCOPES}`);
  return list;
}

function days(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 3_650) {
    throw new InvalidArgumentError('must be an integer from 1 to 3650');
  }
  return value;
}
