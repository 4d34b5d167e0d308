import { expect, test } from 'vitest'
import { blocksText, readBlocks, writeBlocks } from '#core/delivery/blocks.ts'
import { starterTemplates } from './starters.ts'

test('every starter opens in the block editor, without a block of code, and comes out as it went in', () => {
  const emails = starterTemplates().filter((s) => s.channel === 'email')
  expect(emails.length).toBeGreaterThanOrEqual(8)
  for (const { body_mjml_template: mjml, body_text_template: text } of emails) {
    const read = readBlocks(mjml!)!
    expect(read.blocks.filter((b) => b.kind === 'code')).toEqual([])
    expect(writeBlocks(read)).toBe(mjml)
    // Its plain text is what the blocks say, so the editor may keep the two together.
    expect(blocksText(read.blocks)).toBe(text)
  }
})
