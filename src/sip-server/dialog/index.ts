export { Dialog, dialogId, sequenceMethod, sequenceOf, sessionExpires } from './dialog';
export { DialogTable } from './dialog-table';
