import { SipPasswords } from '../../../src/parts/sip-passwords';
import type { AgentSecret } from '../../../src/storage';

const SECRET: AgentSecret = { passwordHash: '', realm: 'dce.invalid', ha1Md5: 'md5', ha1Sha256: 'sha' };

let now: number;
let away: boolean;
let asked: string[];
let secrets: Map<string, AgentSecret>;
let signedOutAt: number | undefined;
let passwords: SipPasswords;

beforeEach(() => {
  now = 1_790_000_000_000;
  away = false;
  asked = [];
  secrets = new Map([['ann', SECRET]]);
  signedOutAt = undefined;
  passwords = new SipPasswords({
    find: (agentId) => {
      asked.push(agentId);
      return away ? Promise.reject(new Error('away')) : Promise.resolve(secrets.get(agentId));
    },
    agent: (agentId) => (['ann', 'bob'].includes(agentId) ? { signedOutAt } : undefined),
    domain: 'dce.invalid',
    now: () => now,
    monotonic: () => now,
  });
});

test('the database is asked each time: a new password counts at once', async () => {
  expect(await passwords.ha1('ann', 'MD5')).toBe('md5');
  secrets.set('ann', { ...SECRET, ha1Sha256: 'other' });
  expect(await passwords.ha1('ann', 'SHA-256')).toBe('other');
  secrets.delete('ann');
  expect(await passwords.ha1('ann', 'MD5')).toBeUndefined();
});

test('a password of another domain proves nothing', async () => {
  secrets.set('ann', { ...SECRET, realm: 'example.net' });
  expect(await passwords.ha1('ann', 'MD5')).toBeUndefined();
});

test('while the database is away, what it said last counts, and few wait for it', async () => {
  await passwords.ha1('ann', 'MD5');
  away = true;
  asked = [];
  for (let n = 0; n < 10; n++) expect(await passwords.ha1('ann', 'SHA-256')).toBe('sha');
  expect(asked).toEqual(['ann']);
  await expect(passwords.ha1('bob', 'MD5')).rejects.toThrow('away');
  expect(await passwords.ha1('nobody', 'MD5')).toBeUndefined();
  now += 60_000;
  away = false;
  secrets.set('bob', SECRET);
  expect(await passwords.ha1('bob', 'MD5')).toBe('md5');
});

test('not so a password that may have been changed since', async () => {
  await passwords.ha1('ann', 'MD5');
  signedOutAt = now + 1;
  away = true;
  await expect(passwords.ha1('ann', 'MD5')).rejects.toThrow('away');
});
