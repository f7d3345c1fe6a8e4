/** What the switch understands (RFC 3261 §20.5). REGISTER is told where it is answered: outside dialogs. */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, MESSAGE, REFER, NOTIFY';
