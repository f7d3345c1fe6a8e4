import type { RingTarget } from '../../domain';
import type { ControlResult, RecordCommand } from '../control/command';
import type { CallRecording } from './call-recording';

/**
 * Does to the recording of a call what people ask for. Asked twice for the same, it does it once; a pause that is
 * asked for again begins anew.
 * @param target - whom the caller speaks with
 */
export async function carryOutRecord(
  recording: CallRecording,
  command: RecordCommand,
  target: RingTarget | undefined,
): Promise<ControlResult> {
  switch (command.action) {
    case 'start': {
      const begun = await recording.start('conversation', target, command.by);
      if (begun.ok) return undefined;
      return begun.why === 'refused' ? { refusal: 'recording_refused', detail: begun.detail } : begun.why;
    }
    case 'pause':
      return recording.pause(command.by, command.maxMs) ? undefined : 'not_recorded';
    case 'resume':
      return recording.resume(command.by) ? undefined : 'not_recorded';
    case 'stop':
      return (await recording.stop(command.by)) ? undefined : 'not_recorded';
  }
}
