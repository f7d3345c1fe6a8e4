import fc from 'fast-check';
import type { SdpResult } from '../../../src/media';
import { DescriptionVersion, PeerOffer } from '../../../src/media/sdp/offer-answer';

const answering = (offer: string): Promise<SdpResult> => Promise.resolve({ ok: true, sdp: `to ${offer}` });
const never = (): undefined => undefined;

test('without an offer there is nothing to answer, until there is one', async () => {
  const offer = new PeerOffer<string>();
  expect(await offer.answer(answering)).toEqual({ ok: false, reason: 'no_audio' });
  offer.take('a');
  expect(await offer.answer(answering)).toEqual({ ok: true, sdp: 'to a' });
});

test('an offer is answered once, and the answer stays until the next offer', async () => {
  const offer = new PeerOffer<string>();
  const make = jest.fn(answering);
  offer.take('a');
  expect(offer.unanswered).toBe('a');
  const first = offer.answer(make);
  expect(offer.unanswered).toBeUndefined();
  expect(offer.answer(make)).toBe(first);
  offer.take('b');
  expect(await offer.answer(make)).toEqual({ ok: true, sdp: 'to b' });
  expect(make).toHaveBeenCalledTimes(2);
});

test('one that cannot be answered yet may be later', async () => {
  const offer = new PeerOffer<string>();
  offer.take('a');
  expect(await offer.answer(never)).toEqual({ ok: false, reason: 'no_common_codec' });
  expect(offer.unanswered).toBe('a');
  expect(await offer.answer(answering)).toEqual({ ok: true, sdp: 'to a' });
});

test('a version grows by one with each description that is another one, and never else', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c')), (texts) => {
      const version = new DescriptionVersion();
      let expected = 0;
      for (const [index, text] of texts.entries()) {
        if (text !== texts[index - 1]) expected++;
        expect(version.write((number) => `${text} ${number}`)).toBe(`${text} ${expected}`);
      }
    }),
  );
});
