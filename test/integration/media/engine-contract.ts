import type { MediaCapability } from '../../../src/domain';
import type { ContractPart, ContractSubject } from './contract/bench';
import { ContractBench } from './contract/bench';
import { gatherPart, tonesPart } from './contract/keys';
import { machinePart } from './contract/machine';
import { monitorPart } from './contract/monitor';
import { playPart, whisperPart } from './contract/play';
import { recordPart, voicemailPart } from './contract/record';

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

export interface ContractTerms {
  /** What the engine can do: it says so itself, and is held to it. */
  readonly capabilities: readonly MediaCapability[];
  /** Called once, before the first test. */
  open(): Promise<ContractSubject>;
}

/** The suite that every media engine passes. What an engine lacks it must say by type. */
export function engineContract(name: string, { capabilities, open }: ContractTerms): void {
  describe(`media engine ${name}`, () => {
    let bench: ContractBench | undefined;
    const present = (): ContractBench => {
      if (!bench) throw new Error('the engine was not opened');
      return bench;
    };
    beforeAll(async () => {
      bench = new ContractBench(await open());
    });
    afterEach(() => present().settle());
    afterAll(() => bench?.close());

    test('says what it can', () => {
      expect([...present().engine.capabilities].sort()).toEqual([...capabilities].sort());
    });

    for (const part of PARTS) {
      if (capabilities.includes(part.capability)) {
        describe(part.capability, () => part.holds(present));
      } else if (part.lacks) {
        test(`lacks ${part.capability}, and says so by type`, async () => part.lacks?.(present()));
      }
    }
  });
}
