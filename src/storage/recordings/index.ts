export { failLostRecordings, failRecording, noteRecording, saveRecording } from './write-recordings';
export type { KeptAudio } from './write-recordings';
export { getRecording, getSealed, listRecordings, listSealed } from './read-recordings';
export type { RecordingFilter, RecordingRow, SealedRow, WholeRecordingRow } from './read-recordings';
export {
  countByKey,
  eraseDueRecordings,
  eraseRecording,
  eraseRecordingsOf,
  holdRecording,
  keysToRewrap,
  noteMoved,
  noteRemoved,
  objectsOnDisk,
  objectsToRemove,
  putRewrapped,
} from './keep-recordings';
export type { StoredObject } from './keep-recordings';
