import { readdirSync, readFileSync } from 'node:fs'

const ticksPerSecond = 100

/** CPU seconds of a PostgreSQL server so far: its postmaster, what is alive below it, and what has ended. Linux only. */
export function postgresCpuSeconds(postmaster: number): number {
  let ticks = 0
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    let stat: string
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
    } catch {
      continue
    }
    // The name in brackets may hold blanks; the fields begin behind it with the state (proc(5): field 3).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [own, children] = [Number(fields[11]) + Number(fields[12]), Number(fields[13]) + Number(fields[14])]
    if (Number(entry) === postmaster) ticks += own + children
    else if (Number(fields[1]) === postmaster) ticks += own
  }
  return ticks / ticksPerSecond
}
