import { assertStrong, normalPassword } from '../../../../src/api/access/password-rules';

const OWNER = { email: 'jane.doe@solarleads.example', name: 'Jane Doe' };
const judge = (password: string) => () => assertStrong(password, OWNER);

test.each([
  'password1234',
  'Password12345!',
  'P@ssw0rd2026!!',
  'passwordpassword',
  'Welcome-2026-Welcome',
  'qwertyuiop123',
  'qwertyuiopas',
  '123456789012',
  'abcdefghijkl',
  'aaaaaaaaaaaaaa',
  'abababababab',
  'admin admin 2026',
  'jane.doe@solarleads.example',
  'JaneDoe20261122',
  'jane.doe-12345678',
  'solarleads2026!!',
  'CorrectHorseBatteryStaple',
])('%s is refused', (password) => {
  expect(judge(password)).toThrow(expect.objectContaining({ code: 'weak_password', kind: 'unprocessable' }));
});

test.each([
  'four horses in the rain',
  'kq7#Zp!92mVx',
  'my password is a very odd one',
  'janedoe went to the harbour',
  'пароль из пяти слов',
  'solarleads pays late again',
])('%s is taken', (password) => {
  expect(judge(password)).not.toThrow();
});

test('the same characters are the same password, however they were typed', () => {
  expect(normalPassword('cafe\u0301 ﬁlter')).toBe(normalPassword('caf\u00e9 filter'));
});

test('the field is named', () => {
  expect(() => assertStrong('password1234', OWNER, '/next')).toThrow(
    expect.objectContaining({ details: { errors: [expect.objectContaining({ pointer: '/next' })] } }),
  );
});
