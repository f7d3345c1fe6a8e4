/**
 * Why a text is no well-formed XML 1.0 of the kind our configuration files are (elements, attributes,
 * comments, no DTD, no CDATA); undefined when it is. Stricter than the standard where being lenient
 * hides a slip: `>` in a text and a stray `&` are refused.
 */
export function xmlFault(text: string): string | undefined {
  const open: string[] = [];
  let roots = 0;
  let at = /^<\?xml version="1\.0"( encoding="UTF-8")?\?>\n/.exec(text)?.[0].length ?? 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const comment = /^<!--(?:(?!--)[^])*-->/.exec(rest);
    const close = /^<\/([\w.:-]+)>/.exec(rest);
    const start = /^<([A-Za-z_][\w.:-]*)((?:\s+[A-Za-z_][\w.:-]*="(?:[^"<&]|&\w+;)*")*)\s*(\/?)>/.exec(rest);
    const words = /^(?:[^<>&]|&\w+;)+/.exec(rest);
    if (close) {
      const name = open.pop();
      if (name !== close[1]) return `line ${lineOf(text, at)}: </${close[1]}> closes <${name ?? 'nothing'}>`;
    } else if (start) {
      const names = [...(start[2] ?? '').matchAll(/([\w.:-]+)="/g)].map(([, name]) => name);
      if (new Set(names).size < names.length) return `line ${lineOf(text, at)}: an attribute twice`;
      if (open.length === 0 && ++roots > 1) return `line ${lineOf(text, at)}: a second root`;
      if (start[3] !== '/') open.push(start[1] ?? '');
    } else if (words && open.length === 0 && words[0].trim() !== '') {
      return `line ${lineOf(text, at)}: text outside the root`;
    }
    const length = (comment ?? close ?? start ?? words)?.[0].length;
    if (length === undefined) return `line ${lineOf(text, at)}: not XML: ${rest.slice(0, 40)}`;
    at += length;
  }
  if (open.length > 0) return `<${open.at(-1)}> is not closed`;
  return roots === 1 ? undefined : 'there is no root';
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
