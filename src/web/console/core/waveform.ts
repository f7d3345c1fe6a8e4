import type { Waveform } from '../api/types';

/** Half of the height of the picture: the caller is above the middle, whom they speak with below. */
export const HALF = 50;
const LOUDEST = 255;

/** Outlines of both sides of a recording, `steps` wide and twice {@link HALF} high, for SVG. */
export function outlinesOf({ caller, other }: Waveform): { readonly caller: string; readonly other: string } {
  return { caller: outline(caller, -1), other: outline(other, 1) };
}

/** @param way - -1 up from the middle, 1 down */
function outline(peaks: readonly number[], way: 1 | -1): string {
  if (peaks.length === 0) return '';
  const steps = peaks.map((peak, index) => {
    // A line of silence is seen, too; speech is loud at times alone, so that its root is drawn.
    const height = Math.max(1, Math.sqrt(Math.min(1, peak / LOUDEST)) * HALF);
    const at = (HALF + way * height).toFixed(1);
    return `L${index} ${at}L${index + 1} ${at}`;
  });
  return `M0 ${HALF}${steps.join('')}L${peaks.length} ${HALF}Z`;
}

/** `4:07`, `1:02:33`. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}
