import { Passwords } from '../../../src/api/phone/passwords';

test('a password is right, and another is not, nor any where there is none', async () => {
  const passwords = new Passwords(0);
  const { passwordHash, ha1Md5 } = await passwords.secretOf('ann', 'phones.example', 'correct horse');
  expect(ha1Md5).toMatch(/^[0-9a-f]{32}$/);
  expect(await passwords.isRight(passwordHash, 'correct horse')).toBe(true);
  expect(await passwords.isRight(passwordHash, 'wrong horse')).toBe(false);
  expect(await passwords.isRight(undefined, 'nobody has this password')).toBe(false);
});

test('so many wait, and more are sent away', async () => {
  const passwords = new Passwords(0);
  const { passwordHash } = await passwords.secretOf('ann', 'phones.example', 'correct horse');
  const all = await Promise.allSettled(
    Array.from({ length: 70 }, () => passwords.isRight(passwordHash, 'correct horse')),
  );
  const refused = all.filter(({ status }) => status === 'rejected');
  expect([all.length - refused.length, refused.length]).toEqual([65, 5]);
  expect(refused[0]).toMatchObject({ reason: { code: 'too_many_sign_ins' } });
  expect(await passwords.isRight(passwordHash, 'correct horse')).toBe(true);
});
