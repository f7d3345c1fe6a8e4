import type { Database } from '../../../../src/storage';

/** The SQLSTATE with which the database refuses a transaction of these statements. */
export async function refusalOf(db: Database, statements: readonly string[]): Promise<string | undefined> {
  try {
    await db.transaction(async (tx) => {
      for (const statement of statements) await tx.query(statement);
    });
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}
