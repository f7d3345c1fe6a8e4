import type { Document, Node } from 'yaml';
import { isCollection, isMap, isNode, isPair, isScalar, Lexer } from 'yaml';

/** Collections within collections, or indicators and columns before what a line says: a plan has far less. */
const DEEPEST = 64;
/** Parts of the text beside space: no plan that its schema admits has as many. */
const MOST_TOKENS = 12_000;
const MARKS = new Set(['-', '?', ':']);
const NEXT_IS_SCALAR = '\u001f';
/** Of the lexer's own, and not in the text. */
const NO_TEXT = new Set(['\u0002', '\u0018', NEXT_IS_SCALAR]);

/** What of a text no plan has, and where. */
export interface Misshape {
  /** In UTF-16 units, from 0. */
  readonly offset: number;
  readonly reason: string;
}

/**
 * Finds what would take whoever reads a text of YAML long, or too deep to come back from. Looks at every token once.
 * @returns undefined of a text that can be read
 */
export function misshapeOf(text: string): Misshape | undefined {
  let offset = 0;
  let tokens = 0;
  let depth = 0;
  /** Of this line, outside of brackets. */
  let marks = 0;
  let isLineStart = true;
  let isScalarText = false;
  for (const token of new Lexer().lex(text)) {
    if (!isScalarText && NO_TEXT.has(token)) {
      isScalarText = token === NEXT_IS_SCALAR;
      continue;
    }
    if (isScalarText) isScalarText = false;
    else if (token === '\n' || token === '\r\n') marks = 0;
    else if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth = Math.max(0, depth - 1);
    else if (depth === 0 && MARKS.has(token)) marks++;
    else if (depth === 0 && isLineStart && /^ +$/.test(token)) marks += token.length;
    if (depth > DEEPEST || marks > 2 * DEEPEST) return { offset, reason: 'nested deeper than any plan is' };
    if (token.trim() !== '' && ++tokens > MOST_TOKENS) return { offset, reason: 'more than any plan says' };
    isLineStart = token.endsWith('\n');
    offset += token.length;
  }
  return undefined;
}

/** Keys that a mapping has twice: where they stand, and what they are. In time that grows with the text alone. */
export function twiceIn(document: Document): readonly { readonly offset: number; readonly key: string }[] {
  const found: { offset: number; key: string }[] = [];
  const open: unknown[] = [document.contents];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (!isCollection(node)) continue;
    const keys = new Set<string>();
    for (const item of node.items) {
      if (!isPair(item)) {
        open.push(item);
        continue;
      }
      const { key, value } = item;
      open.push(key, value);
      if (!isMap(node) || !isScalar(key)) continue;
      const name = String(key.value);
      if (keys.has(name)) found.push({ offset: offsetOf(key), key: name });
      keys.add(name);
    }
  }
  return found;
}

function offsetOf(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0;
}
