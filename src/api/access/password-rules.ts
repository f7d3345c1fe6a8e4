import { z } from 'zod';
import { AppError } from '../../domain';

/** NIST SP 800-63B §5.1.1.2 asks for 8 at least, and for 64 to be allowed. */
const MIN_LENGTH = 12;
const MAX_LENGTH = 128;
const MIN_DIFFERENT = 5;

/** A password that is set; what was told to people as rules of characters is no help, and there are none. */
export const newPassword = z
  .string()
  .min(MIN_LENGTH, `has at least ${MIN_LENGTH} characters`)
  .max(MAX_LENGTH)
  .describe('12 to 128 characters of any kind; not one of those that everybody thinks of');

/** A password that is shown: whatever it is, it is compared. */
export const givenPassword = z.string().min(1).max(MAX_LENGTH);

/** What most passwords that leaked are made of. */
const COMMON = [
  'password', 'passwort', 'passw0rd', 'p@ssword', 'p@ssw0rd', 'qwerty', 'qwertyuiop', 'qwertz', 'azerty',
  'asdfghjkl', 'asdfgh', 'zxcvbnm', 'iloveyou', 'letmein', 'welcome', 'administrator', 'admin', 'changeme',
  'changeit', 'default', 'secret', 'monkey', 'dragon', 'football', 'baseball', 'superman', 'batman', 'master',
  'sunshine', 'princess', 'shadow', 'trustno', 'michael', 'jordan', 'abc', 'abcd', 'abcdef', 'abcdefgh',
  'login', 'guest', 'test', 'testing', 'temp', 'root', 'user', 'company', 'callcenter', 'callexchange',
  'correcthorsebatterystaple', 'dependable', 'dependablecallexchange',
] as const; // prettier-ignore
const RUNS = [
  '01234567890123456789',
  '98765432109876543210',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
];

/** Whose password it is. */
export interface PasswordOwner {
  readonly email: string;
  readonly name: string;
}

/** The same characters, however they were typed (NIST SP 800-63B §5.1.1.2: NFKC). */
export function normalPassword(password: string): string {
  return password.normalize('NFKC');
}

/**
 * Refuses what is guessed first: common passwords, with or without digits and signs around them, runs of the
 * keyboard, and what the owner is called.
 * @param pointer - of the field
 * @throws AppError `weak_password`
 */
export function assertStrong(password: string, owner: PasswordOwner, pointer = '/password'): void {
  const why = weakness(normalPassword(password).toLowerCase(), owner);
  if (why === undefined) return;
  throw new AppError('unprocessable', 'weak_password', `this password ${why}`, {
    errors: [{ in: 'body', pointer, message: why }],
  });
}

function weakness(password: string, { email, name }: PasswordOwner): string | undefined {
  if (new Set(password).size < MIN_DIFFERENT) return 'has next to no different characters';
  // Once around: "password1234!", "password password" and "Password2026Password" are all one word.
  const words = password.split(/[^a-z@0]+/).filter((word) => word !== '');
  const bare = (word: string): string => word.replace(/^0+|[0@]+$/g, '');
  if (words.length > 0 && words.every((word) => isCommon(word) || isCommon(bare(word)))) {
    return 'is one of those that are tried first';
  }
  if (RUNS.some((run) => run.includes(password.slice(0, MIN_LENGTH)))) return 'is a run of the keyboard';
  const [local = '', domain = ''] = email.toLowerCase().split('@');
  const own = [
    email.toLowerCase(),
    local,
    domain.split('.')[0] ?? '',
    name.toLowerCase(),
    name.toLowerCase().replace(/\s+/g, ''),
  ];
  const left = own
    .filter((word) => word.length >= 4)
    .reduce((rest, word) => rest.replaceAll(word, ''), password)
    .replace(/[^\p{L}]/gu, '');
  // What is left beside one's own name must be a password by itself.
  const named = own.some((word) => word.length >= 4 && password.includes(word));
  return named && left.length < 6 ? 'is made of your own name' : undefined;
}

function isCommon(word: string): boolean {
  for (const common of COMMON) {
    if (word === common || (common.length >= 4 && word.replaceAll(common, '') === '')) return true;
  }
  return false;
}
