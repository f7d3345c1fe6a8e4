import type { FlowChange, SipServerOptions, SipServerStats } from './options';

/** What the parent process tells the SIP server's process. */
export type ToChild =
  | { readonly type: 'start'; readonly options: Omit<SipServerOptions, 'log' | 'admits' | 'onFlows'> }
  /** Who may send requests outside a dialog: addresses and CIDR blocks. Undefined: everyone. */
  | { readonly type: 'admit'; readonly sources: readonly string[] | undefined }
  | { readonly type: 'stats'; readonly id: number };

/** What the SIP server's process tells its parent. */
export type FromChild =
  | { readonly type: 'ready'; readonly listening: readonly string[]; readonly controlPort: number }
  | { readonly type: 'failed'; readonly message: string; readonly code: string | undefined }
  | {
      readonly type: 'stats';
      readonly id: number;
      readonly stats: SipServerStats;
      readonly cpuMicros: number;
    }
  | { readonly type: 'flows'; readonly changes: readonly FlowChange[] }
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };
