import type { Target } from '../domain';
import type { Ordinals } from './ordinals';

const INITIAL_TARGETS = 64;
/** A byte a target for each skill that any has. */
const MAX_SKILLS = 1_000;
const MAX_LEVEL = 255;

interface SkillColumn {
  /** By ordinal; 0 = lacks it. */
  levels: Uint8Array;
  holders: number;
}

/** Facts of the targets that bids name, by market ordinal. */
export class TargetTable {
  readonly #ordinals: Ordinals;
  readonly #targets: (Target | undefined)[] = [];
  readonly #skills = new Map<string, SkillColumn>();
  #paused = 0;
  /** Micro-units a minute. */
  costPerMinute = new Float64Array(INITIAL_TARGETS);
  /** UTC epoch milliseconds until which discipline keeps a target paused; 0 = it does not. */
  pausedUntil = new Float64Array(INITIAL_TARGETS);

  constructor(ordinals: Ordinals) {
    this.#ordinals = ordinals;
  }

  /** True when discipline paused any target, at whatever time. */
  get anyPaused(): boolean {
    return this.#paused > 0;
  }

  /** @throws RangeError when targets would have too many different skills */
  check(target: Target): void {
    if (!target.skills) return;
    let wanted = this.#skills.size;
    for (const name of Object.keys(target.skills)) if (!this.#skills.has(skillName(name))) wanted++;
    if (wanted > MAX_SKILLS && wanted > this.#skills.size) {
      throw new RangeError(`targets have more than ${MAX_SKILLS} different skills`);
    }
  }

  /** Writes what there is of a target now, if any bid names it. */
  put(id: string, target: Target | undefined): void {
    const ordinal = this.#ordinals.of(id);
    if (ordinal < 0) return;
    if (ordinal >= this.pausedUntil.length) this.#grow(ordinal);
    const before = this.#targets[ordinal];
    if (before?.pausedUntil !== undefined) this.#paused--;
    if (before?.skills) this.#takeSkills(ordinal, before.skills);
    this.#targets[ordinal] = target;
    this.costPerMinute[ordinal] = target?.costPerMinute ?? 0;
    this.pausedUntil[ordinal] = target?.pausedUntil ?? 0;
    if (target?.pausedUntil !== undefined) this.#paused++;
    if (target?.skills) this.#putSkills(ordinal, target.skills);
  }

  /** Levels of a skill by ordinal, 0 = lacks it; undefined when no target has it. */
  levelsOf(skill: string): Uint8Array | undefined {
    return this.#skills.get(skillName(skill))?.levels;
  }

  #putSkills(ordinal: number, skills: Readonly<Record<string, number>>): void {
    for (const [name, level] of Object.entries(skills)) {
      let column = this.#skills.get(skillName(name));
      if (!column) {
        column = { levels: new Uint8Array(this.pausedUntil.length), holders: 0 };
        this.#skills.set(skillName(name), column);
      }
      column.holders++;
      column.levels[ordinal] = Math.max(0, Math.min(Math.round(level), MAX_LEVEL));
    }
  }

  #takeSkills(ordinal: number, skills: Readonly<Record<string, number>>): void {
    for (const name of Object.keys(skills)) {
      const column = this.#skills.get(skillName(name));
      if (!column) continue;
      column.levels[ordinal] = 0;
      if (--column.holders === 0) this.#skills.delete(skillName(name));
    }
  }

  #grow(ordinal: number): void {
    const length = 2 ** Math.ceil(Math.log2(ordinal + 1));
    const costs = new Float64Array(length);
    costs.set(this.costPerMinute);
    this.costPerMinute = costs;
    const paused = new Float64Array(length);
    paused.set(this.pausedUntil);
    this.pausedUntil = paused;
    for (const column of this.#skills.values()) {
      const levels = new Uint8Array(length);
      levels.set(column.levels);
      column.levels = levels;
    }
  }
}

/** Skills are compared without regard to case and to space around them. */
export function skillName(text: string): string {
  return text.trim().toLowerCase();
}
