import type { ControlConnection, ControlServer } from '../control';
import type { Dialog, DialogTable } from '../dialog';
import type { SipServerLimits, SipServerLog, TimerBases } from '../options';
import type { Scheduler } from '../transaction';
import type { Stack } from './stack';

/** What the two directions of the server share. */
export interface Context {
  readonly stack: Stack;
  readonly dialogs: DialogTable<ControlConnection>;
  readonly control: () => ControlServer;
  readonly limits: SipServerLimits;
  readonly timers: TimerBases;
  readonly scheduler: Scheduler;
  readonly log: SipServerLog;
}

export type AppDialog = Dialog<ControlConnection>;
