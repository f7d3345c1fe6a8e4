import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Queryable } from '../database';
import { Vault } from './vault';

export interface VaultKeySource {
  /** The configured key (`privacy.key`); undefined = that of the file. */
  readonly key: string | undefined;
  /** Where a key that was made here is kept; readable by its owner alone. */
  readonly file: string;
}

/**
 * The vault of an installation: every node of it must have the same key, which the database knows by a
 * check value. Where there is no key yet, and nothing was sealed, one is made and kept in the file.
 * @throws Error in one line that says what to do
 */
export async function openVault(db: Queryable, source: VaultKeySource): Promise<Vault> {
  if (source.key !== undefined) {
    const vault = new Vault(source.key);
    await claim(db, vault, 'privacy.key (DCE_PRIVACY_KEY)');
    return vault;
  }
  if (existsSync(source.file)) {
    const vault = fileVault(source.file);
    await claim(db, vault, `the key in ${source.file}`);
    return vault;
  }
  const { rowCount } = await db.query('select 1 from privacy_key');
  if ((rowCount ?? 0) === 0) makeKey(source.file);
  else if (!existsSync(source.file)) {
    throw new Error(
      `this database was written with a privacy key that is not here: set privacy.key (DCE_PRIVACY_KEY), or bring ${source.file} from the node that made it`,
    );
  }
  // Another process may have been first: then its key is in the file.
  const vault = fileVault(source.file);
  await claim(db, vault, `the key in ${source.file}`);
  return vault;
}

/** On disk, and whole, before anything is sealed with it; a key that is there stays. */
function makeKey(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(fresh, `${randomBytes(32).toString('base64url')}\n`, {
    mode: 0o600,
    flag: 'wx',
    flush: true,
  });
  try {
    linkSync(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(fresh);
  }
}

function fileVault(file: string): Vault {
  return new Vault(readFileSync(file, 'utf8').trim());
}

/** The first key that comes is the database's. */
async function claim(db: Queryable, vault: Vault, what: string): Promise<void> {
  await db.query('insert into privacy_key (check_value) values ($1) on conflict do nothing', [
    vault.checkValue,
  ]);
  const { rows } = await db.query<{ check_value: Buffer }>('select check_value from privacy_key');
  if (!rows[0]?.check_value.equals(vault.checkValue)) {
    throw new Error(
      `${what} is not the one that this database was written with: every node of an installation has the same`,
    );
  }
}
