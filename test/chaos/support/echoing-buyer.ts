import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { buyerAnswers } from '../../e2e/support/scenarios';
import { Sipp } from '../../e2e/support/sipp';

const SSRC = 0x0ec40000;
const SSRC_AT = 8;

/** A buyer that answers every call, and sends back whatever it hears, as a source of its own. */
export class EchoingBuyer {
  private constructor(
    readonly sipp: Sipp,
    private readonly socket: Socket,
  ) {}

  static async open(): Promise<EchoingBuyer> {
    const socket = createSocket('udp4');
    socket.on('message', (packet, { port, address }) => {
      if (packet.length <= SSRC_AT + 4) return;
      packet.writeUInt32BE(SSRC, SSRC_AT);
      socket.send(packet, port, address);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const sipp = await Sipp.start({
      scenario: buyerAnswers().replaceAll('[media_port]', String(socket.address().port)),
      timeoutSeconds: 600,
    });
    return new EchoingBuyer(sipp, socket);
  }

  async close(): Promise<void> {
    await this.sipp.stop();
    this.socket.close();
  }
}
