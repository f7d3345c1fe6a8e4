import { isUnavailable } from '../../../src/storage';

const error = (fields: object, message = 'x'): Error => Object.assign(new Error(message), fields);

test.each([
  ['connection refused', { code: 'ECONNREFUSED' }],
  ['no socket', { code: 'ENOENT', syscall: 'connect' }],
  ['connection failure', { code: '08006' }],
  ['too many connections', { code: '53300' }],
  ['stopped by an operator', { code: '57P01' }],
  ['still starting', { code: '57P03' }],
  ['statement time-out', { code: '57014' }],
  ['deadlock', { code: '40P01' }],
  ['lock time-out', { code: '55P03' }],
  ['a standby', { code: '25006' }],
])('%s passes by itself', (_what, fields) => expect(isUnavailable(error(fields))).toBe(true));

test.each([
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'Query read timeout',
])('the driver’s “%s” passes by itself', (message) => expect(isUnavailable(error({}, message))).toBe(true));

test.each([
  ['a missing file', error({ code: 'ENOENT', syscall: 'open' })],
  ['a missing column', error({ code: '42703' })],
  ['a value out of range', error({ code: '22003' })],
  ['a unique violation', error({ code: '23505' })],
  ['a type error', new TypeError('x is not a function')],
  ['a mention of a connection', error({}, 'the Connection terminated')],
  ['no error at all', { code: '08006' }],
  ['nothing', undefined],
])('%s is a bug', (_what, value) => expect(isUnavailable(value)).toBe(false));
