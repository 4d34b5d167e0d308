import { parentPort, workerData } from 'node:worker_threads'
import { readSheet } from 'read-excel-file/universal'

// The cells as a person would have typed them: a date without a clock is a day, a number has no thousands separators.
function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) {
    const iso = Number.isNaN(value.getTime()) ? '' : value.toISOString()
    return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso.slice(0, 19).replace('T', ' ')
  }
  if (typeof value === 'number')
    return Number.isInteger(value) ? value.toFixed(0) : String(Number(value.toPrecision(15)))
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'string' ? value : ''
}

const rows = await readSheet(new Blob([workerData as ArrayBuffer]))
const batch = 2000
for (let at = 0; at < rows.length; at += batch)
  parentPort!.postMessage(rows.slice(at, at + batch).map((row) => row.map(textOf)))
parentPort!.postMessage(null)
