/** What can be wrong with the sound of this computer; each is told with what to do about it. */
export type TroubleCode = 'denied' | 'no_microphone' | 'in_use' | 'insecure' | 'media';

/** What getUserMedia's error says, by its name (Media Capture and Streams §10). */
export function troubleOf(error: unknown): TroubleCode {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'no_microphone';
    case 'NotReadableError':
    case 'AbortError':
      return 'in_use';
    default:
      return 'media';
  }
}
