import type { Direction } from './audio-description';

/** What we say to what the peer says (RFC 3264 §6.1): we are ready for whatever it wants. */
export function answerDirection(remote: Direction): Direction {
  if (remote === 'sendonly') return 'recvonly';
  if (remote === 'recvonly') return 'sendonly';
  return remote;
}

/** What we say in place of that while we have the peer on hold (RFC 3264 §8.4): we send what it may hear, and take nothing. */
export function holdingDirection(direction: Direction): Direction {
  if (direction === 'sendrecv') return 'sendonly';
  return direction === 'recvonly' ? 'inactive' : direction;
}

/** Whether a peer that says this wants to be sent audio. */
export function wantsAudio(remote: Direction): boolean {
  return remote === 'sendrecv' || remote === 'recvonly';
}

/** Whether a peer that says this may send. */
export function speaks(remote: Direction): boolean {
  return remote === 'sendrecv' || remote === 'sendonly';
}

/** Whether audio is due from a peer that says this: one that put us on hold may be silent. */
export function owesAudio(remote: Direction): boolean {
  return remote === 'sendrecv';
}
