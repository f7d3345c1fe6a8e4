export { Dialog, dialogId, sequenceOf, sessionExpires } from './dialog';
export { DialogTable } from './dialog-table';
