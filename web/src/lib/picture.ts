import { saveFile } from './api.ts'

const fileName = (title: string): string =>
  `${title.toLowerCase().replaceAll(/\W+/g, '-').replaceAll(/^-|-$/g, '')}.png`

/** The colours of the present theme, so that a picture looks like the screen. */
function colours(): { surface: string; ink: string; ink2: string; line: string; sunken: string; font: string } {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string): string => style.getPropertyValue(name).trim()
  return {
    surface: of('--surface'),
    ink: of('--ink'),
    ink2: of('--ink-2'),
    line: of('--line'),
    sunken: of('--sunken'),
    font: getComputedStyle(document.body).fontFamily,
  }
}

function save(canvas: HTMLCanvasElement, title: string): Promise<void> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (!blob) return reject(new Error('the picture could not be made'))
      saveFile(blob, fileName(title))
      resolve()
    }, 'image/png')
  })
}

/** Saves a drawn chart as PNG at twice its size, with its title above it. */
export async function saveSvgPicture(svg: SVGSVGElement, title: string): Promise<void> {
  const c = colours()
  const copy = svg.cloneNode(true) as SVGSVGElement
  const style = getComputedStyle(document.documentElement)
  // A picture knows no CSS variables: they are written out.
  const source = new XMLSerializer()
    .serializeToString(copy)
    .replaceAll(/var\((--[\w-]+)\)/g, (_, name: string) => style.getPropertyValue(name).trim())
    .replaceAll('font-family="inherit"', 'font-family="Arial, sans-serif"')
  const [width, height, head] = [svg.clientWidth, svg.clientHeight, 32]
  const picture = new Image()
  const loaded = new Promise((resolve, reject) => {
    picture.addEventListener('load', resolve)
    picture.addEventListener('error', () => reject(new Error('the chart could not be drawn')))
  })
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`
  await loaded
  const canvas = document.createElement('canvas')
  canvas.width = width * 2
  canvas.height = (height + head) * 2
  const pen = canvas.getContext('2d')!
  pen.scale(2, 2)
  pen.fillStyle = c.surface
  pen.fillRect(0, 0, width, height + head)
  pen.fillStyle = c.ink
  pen.font = `600 15px ${c.font}`
  pen.fillText(title, 12, 22)
  pen.drawImage(picture, 0, head, width, height)
  await save(canvas, title)
}

/** Saves a table as PNG; `shade` gives a cell its background and ink. */
export async function saveTablePicture(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  shade?: (row: number, column: number) => { back: string; ink: string } | null,
): Promise<void> {
  const c = colours()
  const canvas = document.createElement('canvas')
  const pen = canvas.getContext('2d')!
  const body = `13px ${c.font}`
  const bold = `600 12px ${c.font}`
  const widths = head.map((h, i) => {
    pen.font = bold
    const own = pen.measureText(h).width
    pen.font = body
    return Math.max(own, ...rows.map((r) => pen.measureText(r[i] ?? '').width)) + 20
  })
  const width = Math.max(
    320,
    widths.reduce((a, b) => a + b, 24),
  )
  const height = 44 + 28 * (rows.length + 1) + 10
  canvas.width = width * 2
  canvas.height = height * 2
  pen.scale(2, 2)
  pen.fillStyle = c.surface
  pen.fillRect(0, 0, width, height)
  pen.fillStyle = c.ink
  pen.font = `600 15px ${c.font}`
  pen.fillText(title, 12, 26)
  const line = (cells: readonly string[], top: number, row: number): void => {
    let left = 12
    cells.forEach((text, i) => {
      const w = widths[i] ?? 60
      const look = row >= 0 ? shade?.(row, i) : null
      if (look) {
        pen.fillStyle = resolved(look.back)
        pen.fillRect(left + 1, top + 1, w - 2, 26)
      }
      pen.fillStyle = look ? resolved(look.ink) : row < 0 ? c.ink2 : c.ink
      pen.font = row < 0 ? bold : body
      pen.textAlign = i === 0 ? 'left' : 'right'
      pen.fillText(text, i === 0 ? left + 8 : left + w - 10, top + 18)
      left += w
    })
    pen.textAlign = 'left'
  }
  line(head, 44, -1)
  rows.forEach((r, i) => line(r, 44 + 28 * (i + 1), i))
  await save(canvas, title)
}

function resolved(colour: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(colour)?.[1]
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : colour
}
