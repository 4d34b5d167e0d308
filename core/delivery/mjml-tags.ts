/** A tag that is opened and not closed, or the reverse. */
export interface TagFault {
  line: number
  message: string
}

/** Finds the first unbalanced `mj-` tag. The compiler closes what is left open by itself and moves the rest somewhere. */
export function findUnbalancedTag(source: string): TagFault | null {
  const open: { name: string; line: number }[] = []
  const bare = source.replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ' '))
  for (const tag of bare.matchAll(/<(\/?)(mjml|mj-[a-z-]+)\b(?:"[^"]*"|'[^']*'|[^>"'])*?(\/?)>/gi)) {
    const name = tag[2]!.toLowerCase()
    const line = lineAt(bare, tag.index)
    if (tag[3] === '/') continue
    if (tag[1] === '') {
      open.push({ name, line })
      continue
    }
    const last = open.pop()
    if (!last) return { line, message: `</${name}> closes nothing.` }
    if (last.name !== name)
      return { line: last.line, message: `<${last.name}> is not closed before </${name}> in line ${line}.` }
  }
  const left = open.at(-1)
  return left ? { line: left.line, message: `<${left.name}> is not closed.` } : null
}

/** The line, from 1, of a place in a text. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
