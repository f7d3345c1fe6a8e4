import type { MediaLeg, MediaSession } from '../../media';
import { MediaUnavailable } from '../../media';

/**
 * Who answered, as far as can be told. A buyer is not lost for an engine that cannot tell.
 * @param stop - aborted when the caller is gone, or whoever answered: it may be anybody then
 * @throws what is no {@link MediaUnavailable}: a bug
 */
export async function answeredBy(
  media: Pick<MediaSession, 'detectMachine'>,
  leg: MediaLeg,
  stop: AbortSignal,
): Promise<'machine' | 'anybody'> {
  if (stop.aborted) return 'anybody';
  let onStop: () => void = () => undefined;
  const stopped = new Promise<undefined>((resolve) => {
    onStop = () => resolve(undefined);
    stop.addEventListener('abort', onStop);
  });
  try {
    const finding = await Promise.race([media.detectMachine(leg), stopped]);
    return finding?.verdict === 'machine' ? 'machine' : 'anybody';
  } catch (error) {
    if (error instanceof MediaUnavailable) return 'anybody';
    throw error;
  } finally {
    stop.removeEventListener('abort', onStop);
  }
}
