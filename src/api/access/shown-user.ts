import { z } from 'zod';
import type { Role } from '../../domain';
import { AppError, ROLES } from '../../domain';
import type { Queryable } from '../../storage';
import { id, name } from '../schemas';

/** Who is signed in, as pages show it. */
export const shownUserSchema = z.object({
  id,
  email: z.string(),
  name,
  role: z.enum(ROLES),
  accountId: id,
  accountName: z.string(),
  scopes: z.array(z.string()),
  totp: z.boolean().describe('Whether a second factor is asked for'),
});

interface Shown {
  id: string;
  email: string;
  name: string;
  role: Role;
  accountId: string;
  accountName: string;
  scopes: string[];
  totp: boolean;
}

/** @throws AppError `not_signed_in` when there is no such user any more */
export async function showUser(db: Queryable, userId: string): Promise<Shown> {
  const { rows } = await db.query<Shown>(
    `select u.id, u.email, u.name, u.role, u.account_id as "accountId", a.name as "accountName", u.scopes,
        u.totp
      from users u join accounts a on a.id = u.account_id where u.id = $1`,
    [userId],
  );
  const [user] = rows;
  if (!user) throw new AppError('unauthorized', 'not_signed_in', 'there is no such user any more');
  return user;
}
