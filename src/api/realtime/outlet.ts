import { setTimeout as pause } from 'node:timers/promises';
import type { Socket } from 'socket.io';
import type { Frame } from './frames';

export interface OutletLimits {
  /** Messages that may wait for a client that does not read. */
  readonly maxWaiting: number;
  /** Bytes that may wait for it. */
  readonly maxWaitingBytes: number;
}

/** A WebSocket of `ws`, with what engine.io uses of its inside to send frames that are encoded already. */
interface WebSocketInside {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly _sender?: { sendFrame?(frame: readonly Buffer[]): void };
}

/** Packets that engine.io has not handed on yet, which its types keep to themselves. */
interface Engine {
  readonly writeBuffer: readonly { readonly data?: unknown }[];
  readonly readyState: string;
  readonly upgrading: boolean;
  readonly transport: { readonly writable: boolean; readonly socket?: WebSocketInside };
  write(data: string, options: { compress: boolean; wsPreEncodedFrame: readonly Buffer[] }): unknown;
}

/** Of a WebSocket (WHATWG WebSockets §3.1). */
const OPEN = 1;
/** Bytes are counted at every so manieth message that waits. */
const COUNT_EVERY = 16;
/** Who is slow is looked at again after so many milliseconds. */
const LOOK_MS = 20;

const engineOf = (socket: Socket): Engine => socket.conn as unknown as Engine;

/** Messages that the connection has not taken yet. */
export function waitingFor(socket: Socket): number {
  return engineOf(socket).writeBuffer.length;
}

/** Whether a client reads too slowly for one more message. */
function isFull(socket: Socket, { maxWaiting, maxWaitingBytes }: OutletLimits): boolean {
  const { writeBuffer, transport } = engineOf(socket);
  const waiting = writeBuffer.length;
  if (waiting === 0) return (transport.socket?.bufferedAmount ?? 0) > maxWaitingBytes;
  if (waiting >= maxWaiting) return true;
  return waiting % COUNT_EVERY === 0 && waitingBytes(socket) > maxWaitingBytes;
}

/** Bytes that wait for a client, here and in its WebSocket. */
export function waitingBytes(socket: Socket): number {
  const { writeBuffer, transport } = engineOf(socket);
  let bytes = transport.socket?.bufferedAmount ?? 0;
  for (const { data } of writeBuffer) bytes += typeof data === 'string' ? data.length : 0;
  return bytes;
}

/**
 * Hands over what was encoded for many. Nearly always nothing waits for a client: then the frame goes to its
 * WebSocket as it is, with no packet, no callback and no timer of its own. Who has something that waits gets it
 * by the queue of engine.io, whose length tells how slow it is.
 *
 * @param limits - of what may wait for it; without them it may be anything
 * @returns false when it reads too slowly for one more message: nothing was handed over
 */
export function send(socket: Socket, { text, webSocket }: Frame, limits?: OutletLimits): boolean {
  const engine = engineOf(socket);
  if (engine.readyState !== 'open') return true;
  const sender = directWay(engine)?._sender;
  if (sender?.sendFrame) sender.sendFrame([webSocket]);
  else if (limits && isFull(socket, limits)) return false;
  else engine.write(text, { compress: false, wsPreEncodedFrame: [webSocket] });
  return true;
}

/** Its WebSocket, if everything that was said before has gone out by it. */
function directWay({ transport, upgrading, writeBuffer }: Engine): WebSocketInside | undefined {
  const { socket, writable } = transport;
  if (!writable || upgrading || writeBuffer.length > 0) return undefined;
  return socket?.readyState === OPEN && socket.bufferedAmount === 0 ? socket : undefined;
}

/**
 * Resolves when everything was handed to the operating system: true; false when the client goes away, or does
 * not read in time.
 */
export async function drained(socket: Socket, withinMs: number): Promise<boolean> {
  const engine = engineOf(socket);
  // Others have their turn in any case.
  await new Promise((turn) => setImmediate(turn));
  for (let waited = 0; engine.readyState === 'open'; waited += LOOK_MS) {
    if (isDrained(engine)) return true;
    if (waited >= withinMs) return false;
    await pause(LOOK_MS, undefined, { ref: false });
  }
  return false;
}

function isDrained({ transport, writeBuffer }: Engine): boolean {
  return transport.writable && writeBuffer.length === 0 && (transport.socket?.bufferedAmount ?? 0) === 0;
}
