import type { MediaCapability } from '../../../src/domain';
import type { ContractPart, ContractSubject } from './contract/bench';
import { ContractBench } from './contract/bench';
import { gatherPart, tonesPart } from './contract/keys';
import { machinePart } from './contract/machine';
import { monitorPart } from './contract/monitor';
import { playPart, whisperPart } from './contract/play';
import { recordPart, voicemailPart } from './contract/record';
import { SideBySide } from './contract/side-by-side';

/** What the port of media engines promises, capability by capability. */
const PARTS: readonly ContractPart[] = [
  playPart,
  whisperPart,
  gatherPart,
  tonesPart,
  recordPart,
  voicemailPart,
  monitorPart,
  machinePart,
];

/** Tests that run beside each other: most of their time is that of the audio. */
const AT_ONCE = 6;

export interface ContractTerms {
  /** What the engine can do: it says so itself, and is held to it. */
  readonly capabilities: readonly MediaCapability[];
  /** Called once, before the first test. */
  open(): Promise<ContractSubject>;
}

/** The suite that every media engine passes. What an engine lacks it must say by type. */
export function engineContract(name: string, { capabilities, open }: ContractTerms): void {
  describe(`media engine ${name}`, () => {
    const together = new SideBySide(AT_ONCE);
    let subject: ContractSubject | undefined;
    const bench = (): ContractBench => {
      if (!subject) throw new Error('the engine was not opened');
      return new ContractBench(subject);
    };
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(async () => {
      if (!subject) return;
      await bench().settle();
      await subject.close();
    });

    test('says what it can', () => {
      expect([...bench().engine.capabilities].sort()).toEqual([...capabilities].sort());
    });

    for (const part of PARTS) {
      if (capabilities.includes(part.capability)) {
        describe(part.capability, () => {
          part.holds((what, body) => {
            const run = together.add(() => left(bench(), body));
            test(what, run);
          });
        });
      } else if (part.lacks) {
        test(`lacks ${part.capability}, and says so by type`, () =>
          left(bench(), async (own) => part.lacks?.(own)));
      }
    }
  });
}

/** Does something with a bench, and leaves nobody there. */
async function left(bench: ContractBench, body: (bench: ContractBench) => Promise<void>): Promise<void> {
  try {
    await body(bench);
  } finally {
    bench.leave();
  }
}
