import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { AuditAnchor, AuditFinding, Database } from '../storage';
import { sealAudit, verifyAudit } from '../storage';

export interface AuditCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  readonly setExitCode: (code: number) => void;
}

/** `dce audit …`: who did what. */
export function addAuditCommands(program: Command, parts: AuditCommandParts): void {
  const audit = program.command('audit').description('the audit log: who did what, and whether that is so');
  audit
    .command('verify')
    .description('go through the whole log from its first entry; ends with 1 when anything is wrong')
    .option(
      '--anchor <block:hash...>',
      'heads that were printed or logged before: each block must still be there',
      anchor,
      [],
    )
    .action(({ anchor: anchors }: { anchor: readonly AuditAnchor[] }) =>
      parts.withDatabase((database) => verify(database, parts, anchors)),
    );
}

/** Reads one more. */
function anchor(text: string, before: readonly AuditAnchor[]): readonly AuditAnchor[] {
  const [, block, hash] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text) ?? [];
  if (block === undefined || hash === undefined) {
    throw new InvalidArgumentError('it is a block and its hash, as they are printed: 17:4f…');
  }
  return [...before, { block: Number(block), hash }];
}

async function verify(
  database: Database,
  { say, setExitCode }: AuditCommandParts,
  anchors: readonly AuditAnchor[],
): Promise<void> {
  // What waits is looked at as well.
  while ((await sealAudit(database)) > 0);
  const found = await verifyAudit(database, undefined, anchors);
  const { ok, blocks, entries, unsealed, headBlock, head, findings } = found;
  for (const finding of findings) say(`WRONG  ${describe(finding)}`);
  say(`${blocks} blocks, ${entries} entries, ${unsealed} not sealed yet`);
  say(`head ${headBlock}:${head}`);
  say(ok ? 'all as it should be' : 'not as it should be');
  if (!ok) setExitCode(1);
}

function describe({ problem, block, entries }: AuditFinding): string {
  switch (problem) {
    case 'block_missing':
      return `block ${block} is not there`;
    case 'block_unlinked':
      return `block ${block} does not follow on the one before it`;
    case 'block_changed':
      return `entries of block ${block} were changed after they were sealed`;
    case 'entry_missing':
      return `${entries} entries of block ${block} are not there any more`;
    case 'entry_unsealed':
      return `${entries} entries wait to be sealed for more than an hour: is there a worker?`;
    case 'entry_loose':
      return `${entries} entries are in no block and wait for none`;
    case 'anchor_differs':
      return `block ${block} is not there, or not the one that was noted: the chain was cut, or made anew`;
  }
}
