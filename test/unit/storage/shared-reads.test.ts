import { SharedReads } from '../../../src/storage/shared-reads';

/** Answers in capitals, of what begins with a letter; keeps what it was asked. */
function capitals(): { readonly asked: (readonly string[])[]; readonly reads: SharedReads<string> } {
  const asked: (readonly string[])[] = [];
  const reads = new SharedReads<string>((ids) => {
    asked.push(ids);
    return ids.includes('!')
      ? Promise.reject(new Error('away'))
      : Promise.resolve(new Map(ids.filter((id) => /^[a-z]/.test(id)).map((id) => [id, id.toUpperCase()])));
  });
  return { asked, reads };
}

it('reads what is asked for in one turn at once, and each id once', async () => {
  const { asked, reads } = capitals();
  const found = await Promise.all([reads.get('a'), reads.get('b'), reads.get('a'), reads.get('1')]);
  expect(found).toEqual(['A', 'B', 'A', undefined]);
  expect(asked).toEqual([['a', 'b', '1']]);
});

it('reads again for whoever asks later, even of the same', async () => {
  const { asked, reads } = capitals();
  await reads.get('a');
  await reads.get('a');
  expect(asked).toEqual([['a'], ['a']]);
});

it('never asks for more than a hundred at once', async () => {
  const { asked, reads } = capitals();
  const ids = Array.from({ length: 250 }, (_, n) => `id-${n}`);
  const found = await Promise.all(ids.map((id) => reads.get(id)));
  expect(found).toEqual(ids.map((id) => id.toUpperCase()));
  expect(asked.map(({ length }) => length)).toEqual([100, 100, 50]);
});

it('tells all who asked together of an error, and nobody who asks afterwards', async () => {
  const { reads } = capitals();
  const [one, other] = await Promise.allSettled([reads.get('a'), reads.get('!')]);
  expect([one.status, other.status]).toEqual(['rejected', 'rejected']);
  expect(await reads.get('a')).toBe('A');
});
