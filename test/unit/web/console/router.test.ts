import fc from 'fast-check';
import { hrefOf, matchPath, placeAfterSignIn, placeOf } from '../../../../src/web/console/core/router';

const ORIGIN = 'https://exchange.example';

describe('a pattern', () => {
  it('takes paths of its own form, and decodes what stands in them', () => {
    expect(matchPath('/calls/:id', '/calls/a%2Fb')).toEqual({ id: 'a/b' });
    expect(matchPath('/calls', '/calls')).toEqual({});
    expect(matchPath('/calls', '/calls/')).toEqual({});
    expect(matchPath('/', '/')).toEqual({});
  });

  it.each([
    ['/calls/:id', '/calls'],
    ['/calls', '/campaigns'],
    ['/calls/:id', '/calls/a/b'],
    ['/calls/:id', '/calls/%E0%A4%A'],
  ])('%s does not take %s', (pattern, path) => {
    expect(matchPath(pattern, path)).toBeUndefined();
  });
});

describe('a place', () => {
  it('is found again by the address that was made of it', () => {
    const words = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
    const query = fc.dictionary(words, fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(fc.array(words, { maxLength: 3 }), query, (parts, wanted) => {
        const path = `/${parts.join('/')}`;
        expect(placeOf(hrefOf(path, wanted), ORIGIN)).toEqual({ path, query: { ...wanted } });
      }),
    );
  });

  it.each([
    'https://evil.example/console',
    '/consoles',
    '/phone',
    '//evil.example/console',
    'javascript:alert(1)',
  ])('is not at %s', (address) => {
    expect(placeOf(address, ORIGIN)).toBeUndefined();
  });
});

describe('after the sign-in', () => {
  it('one goes where one was, if that is in the console', () => {
    expect(placeAfterSignIn('/console/calls?state=failed', ORIGIN)).toBe('/console/calls?state=failed');
  });

  it.each([undefined, 'https://evil.example/console/calls', '/console/sign-in?next=x', '\\\\evil.example'])(
    'one begins at the start in place of %s',
    (next) => {
      expect(placeAfterSignIn(next, ORIGIN)).toBe('/console');
    },
  );
});
