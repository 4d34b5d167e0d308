// Makes src/fonts/archivo-latin.woff2 from the full font: `node web/subset-fonts.ts` after an update of Archivo.
import { readFile, writeFile } from 'node:fs/promises'
import subsetFont from 'subset-font'

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCodePoint(32 + i)).join('')
const glyphs = `${ascii}áéíóúñüÁÉÍÓÚÑÜ¿¡çàèâêôöä¢£€©®°·×–—‘’“”…•→←↑↓−½ª\u00a0\u202f`

const source = new URL(
  '../node_modules/@fontsource-variable/archivo/files/archivo-latin-wdth-normal.woff2',
  import.meta.url,
)
const target = new URL('./src/fonts/archivo-latin.woff2', import.meta.url)
const subset = await subsetFont(await readFile(source), glyphs, {
  targetFormat: 'woff2',
  variationAxes: { wdth: { min: 62, max: 100 }, wght: { min: 400, max: 750 } },
})
await writeFile(target, subset)
process.stderr.write(`${target.pathname}: ${(subset.length / 1024).toFixed(1)} KB\n`)
