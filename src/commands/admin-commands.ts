import type { Command } from 'commander';
import { rotateKeys } from '../api';
import type { LoadedConfig } from '../config';
import type { Role } from '../domain';
import { notFound, OPERATOR_ACCOUNT, ROLES } from '../domain';
import { accessRules } from '../parts/access-parts';
import { openVaultOf } from '../parts/privacy-parts';
import type { ApiKey, Database, ListQuery, OAuthClient, Queryable, User, UserChanges } from '../storage';
import {
  changedFields,
  changeUser,
  createUser,
  dropTotp,
  findUserByEmail,
  forgetSigningKeys,
  getApiKey,
  getOAuthClient,
  getUser,
  listApiKeys,
  listOAuthClients,
  listUsers,
  makeUserLink,
  revokeApiKey,
  revokeOAuthClient,
  signOutEverywhere,
} from '../storage';
import { inOneRecorded } from './command-record';
import type { NewCredential } from './new-credential';
import { makesCredential, NEW_CLIENT, NEW_KEY, scopeList } from './new-credential';
import { oneOf } from './option-values';

export interface AdminCommandParts {
  readonly withDatabase: (work: (database: Database, loaded: LoadedConfig) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  /** Who is at the terminal. */
  readonly user: () => string;
}

const MAX_SHOWN = 1_000;

/** `dce admin …`: who gets in. For whoever has the database: what the API asks of callers is not asked here. */
export function addAdminCommands(program: Command, parts: AdminCommandParts): void {
  const admin = program
    .command('admin')
    .description('who gets in: users, keys, OAuth 2 clients, signing keys');
  addUserCommands(admin, parts);
  addCredentialCommands(admin.command('key').description('API keys'), parts, KEYS);
  addCredentialCommands(admin.command('client').description('OAuth 2 clients'), parts, CLIENTS);
  admin
    .command('rotate-keys')
    .description('have another RSA key sign tokens, ten minutes from now; those signed before stay good')
    .option(
      '--at-once',
      'forget the keys there are: every token is good for nothing, and users refresh theirs',
    )
    .action(({ atOnce }: { atOnce?: true }) => rotate(parts, atOnce === true));
}

function addUserCommands(admin: Command, { withDatabase, say }: AdminCommandParts): void {
  const users = admin.command('user').description('people who sign in');
  users
    .command('add <email> <name>')
    .description('invite somebody; prints the link with which to set a password')
    .option('--account <id>', 'of this account', OPERATOR_ACCOUNT)
    .option(
      '--role <role>',
      'admin or auditor of the exchange; others are what their account is',
      oneOf(...ROLES),
    )
    .option('--scopes <list>', 'what they may do within it, with commas, e.g. calls:read,bids:*', scopeList)
    .action((email: string, name: string, options: { account: string; role?: Role; scopes?: string[] }) =>
      withDatabase(async (database, loaded) => {
        const { account: accountId, role, scopes } = options;
        const wanted = { accountId, email: email.trim(), name, role, scopes };
        const link = await inOneRecorded(database, 'admin user add', async (tx, tell) => {
          const { id } = await createUser(tx, wanted);
          tell({ subject: { kind: 'users', id }, changes: changedFields(undefined, wanted) });
          return linkOf(tx, id, loaded);
        });
        say(link);
      }),
    );
  users
    .command('list')
    .description('print users')
    .option('--account <id>', 'of this account only')
    .action(({ account }: { account?: string }) =>
      withDatabase(async (database) => {
        const found = await listUsers(database, shownOf(account));
        for (const { row } of found) say(line(row));
      }),
    );
  const change = (name: string, description: string, changes: (value: string) => UserChanges): Command =>
    users
      .command(name)
      .description(description)
      .action((who: string, value: string) =>
        withDatabase(async (database) => {
          const user = await inOneRecorded(
            database,
            `admin user ${name.split(' ', 1)[0] ?? name}`,
            async (tx, tell) => {
              const before = await find(tx, who);
              tell({
                subject: { kind: 'users', id: before.id },
                changes: changedFields({ ...before }, changes(value)),
              });
              return changeUser(tx, before.id, changes(value));
            },
          );
          say(line(user));
        }),
      );
  change('disable <user>', 'let a user in no more, by id or e-mail address', () => ({ status: 'disabled' }));
  change('enable <user>', 'let a user in again', () => ({ status: 'active' }));
  change('role <user> <role>', 'give a user another role', (role) => ({ role: oneOf(...ROLES)(role) }));
  users
    .command('link <user>')
    .description('print a new link with which a user sets a password')
    .action((who: string) =>
      withDatabase(async (database, loaded) => {
        const link = await inOneRecorded(database, 'admin user link', async (tx, tell) => {
          const { id } = await find(tx, who);
          tell({ subject: { kind: 'users', id } });
          return linkOf(tx, id, loaded);
        });
        say(link);
      }),
    );
  users
    .command('reset-totp <user>')
    .description('ask a user for no second factor any more, and sign the user out everywhere')
    .action((who: string) =>
      withDatabase(async (database) => {
        const { email, had } = await inOneRecorded(database, 'admin user reset-totp', async (tx, tell) => {
          const user = await find(tx, who);
          tell({ subject: { kind: 'users', id: user.id } });
          await signOutEverywhere(tx, user.id, 'totp_reset');
          return { email: user.email, had: await dropTotp(tx, user.id) };
        });
        say(had ? `${email} has no second factor any more` : `${email} had no second factor`);
      }),
    );
}

/** By id or e-mail address. @throws AppError `user_not_found` */
async function find(db: Queryable, who: string): Promise<User> {
  const user = who.includes('@') ? await findUserByEmail(db, who) : await getUser(db, who);
  if (!user) throw notFound('user', who);
  return user;
}

async function linkOf(db: Queryable, userId: string, { config }: LoadedConfig): Promise<string> {
  const { publicUrl, invitationMs, resetMs } = accessRules(config, process.env);
  const user = await getUser(db, userId);
  const link = await makeUserLink(db, userId, user?.status === 'invited' ? invitationMs : resetMs);
  return `${publicUrl}/console/link#token=${link.token}`;
}

function line({ id, email, accountId, role, status, scopes, totp }: User): string {
  const more = totp ? '  totp' : '';
  return `${id}  ${email.padEnd(32)}  ${role.padEnd(8)}  ${status.padEnd(8)}  ${accountId}  ${scopes.join(',')}${more}`;
}

function shownOf(accountId: string | undefined): ListQuery {
  return { ...(accountId !== undefined && { where: { accountId } }), limit: MAX_SHOWN };
}

/** What keys and clients differ in. */
interface Credentials {
  readonly made: NewCredential;
  readonly list: (db: Queryable, accountId: string | undefined) => Promise<readonly (ApiKey | OAuthClient)[]>;
  readonly get: (db: Queryable, id: string) => Promise<unknown>;
  readonly revoke: (db: Queryable, id: string) => Promise<boolean>;
}

const KEYS: Credentials = {
  made: NEW_KEY,
  list: async (db, accountId) => (await listApiKeys(db, shownOf(accountId))).map(({ row }) => row),
  get: getApiKey,
  revoke: revokeApiKey,
};

const CLIENTS: Credentials = {
  made: NEW_CLIENT,
  list: async (db, accountId) => (await listOAuthClients(db, shownOf(accountId))).map(({ row }) => row),
  get: getOAuthClient,
  revoke: revokeOAuthClient,
};

function addCredentialCommands(
  group: Command,
  parts: AdminCommandParts,
  { made, list, get, revoke }: Credentials,
): void {
  const { withDatabase, say } = parts;
  const { what, kind } = made;
  makesCredential(group.command('add <name>'), parts, made, `admin ${what} add`);
  group
    .command('list')
    .description(`print every ${what} that was not revoked`)
    .option('--account <id>', 'of this account only')
    .action(({ account }: { account?: string }) =>
      withDatabase(async (database) => {
        for (const one of await list(database, account)) {
          const used = one.lastUsedAt?.toISOString() ?? 'never used';
          const until = one.expiresAt === null ? '' : `  until ${one.expiresAt.toISOString()}`;
          say(
            `${one.id}  ${one.role.padEnd(8)}  ${used.padEnd(24)}  ${one.accountId}  ${one.scopes.join(',')}  ${one.name}${until}`,
          );
        }
      }),
    );
  group
    .command('revoke <id>')
    .description(`revoke a ${what}`)
    .action((id: string) =>
      withDatabase(async (database) => {
        await inOneRecorded(database, `admin ${what} revoke`, async (tx, tell) => {
          if (!(await get(tx, id)) || !(await revoke(tx, id))) throw notFound(what, id);
          tell({ subject: { kind, id } });
        });
        say(`${id} is good for nothing within five seconds`);
      }),
    );
}

async function rotate({ withDatabase, say }: AdminCommandParts, atOnce: boolean): Promise<void> {
  await withDatabase(async (database, { config }) => {
    const vault = await openVaultOf(config, database);
    const { tokenMs, cookieMs } = accessRules(config, process.env);
    await inOneRecorded(database, 'admin rotate-keys', async (tx, tell) => {
      tell({ changes: changedFields(undefined, { atOnce }) });
      if (atOnce) await forgetSigningKeys(tx);
      await rotateKeys(tx, vault, { unlessYoungerMs: 0, tokenMs: Math.max(tokenMs, cookieMs) });
    });
    say(
      atOnce
        ? 'a new key signs from now on; tokens that were signed before are good for nothing within ten seconds'
        : 'a new key signs ten minutes from now; tokens that were signed before stay good',
    );
  });
}
