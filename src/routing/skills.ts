import { skillName } from '../market';

/** Skills of one call at most; what a sender writes has a limit. */
const MAX_SKILLS = 10;

/** The skills that a tag of the call asks for, separated by commas; the first ten count. */
export function neededSkills(tag: string | undefined): readonly string[] {
  if (tag === undefined) return [];
  const names = tag.split(',', MAX_SKILLS).map(skillName);
  return [...new Set(names.filter((name) => name !== ''))];
}
