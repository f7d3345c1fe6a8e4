import fc from 'fast-check';
import { etagOf, readIfMatch } from '../../../src/api/if-match';
import { AppError } from '../../../src/domain';

const allows = (header: string | undefined, version: number): boolean => {
  try {
    readIfMatch(header)?.check(version);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.kind === 'precondition_failed') return false;
    throw error;
  }
};
const version = fc.nat();

test('no header and a star allow any version', () => {
  fc.assert(
    fc.property(version, fc.constantFrom(undefined, '*', ' * '), (there, header) => allows(header, there)),
  );
});

test('a list allows the versions in it and no others', () => {
  const list = fc.array(version, { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(list, version, fc.constantFrom(',', ', ', ' ,\t'), (versions, there, comma) => {
      const header = versions.map(etagOf).join(comma);
      expect(allows(header, there)).toBe(versions.includes(there));
      for (const one of versions) expect(allows(header, one)).toBe(true);
    }),
  );
});

test('weak tags never match', () => {
  fc.assert(fc.property(version, (there) => !allows(`W/${etagOf(there)}`, there)));
});

test('any text is a list, or refused as the client’s mistake', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[W/"*, 0-9]{0,40}$/));
  fc.assert(
    fc.property(text, version, (header, there) => {
      try {
        allows(header, there);
      } catch (error) {
        expect(error).toMatchObject({ kind: 'validation', code: 'invalid_if_match' });
      }
    }),
  );
});

test.each([`"${'1'.repeat(5_000)}"`, `"1"${','.repeat(900)}`, `${'"1",'.repeat(240)}x`])(
  'what is long and wrong is refused',
  (header) => expect(() => readIfMatch(header)).toThrow(AppError),
);
