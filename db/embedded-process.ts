import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** True while a process of this id exists and is not a zombie waiting to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return true
  }
}

/** The living postmaster of a cluster, by its pid file; null when there is none or the pid belongs to something else. */
export function readPostmaster(cluster: string): { pid: number; port: number } | null {
  try {
    const lines = readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    const port = Number(lines[3])
    if (!pid || !port || !isAlive(pid)) return null
    // After a reboot the same number may be another program.
    if (process.platform === 'linux' && !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres')) return null
    return { pid, port }
  } catch {
    return null
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port')),
      )
    })
  })
}

interface Owner {
  pid: number
  isLeaving: boolean
}

/** The process that started the database of this folder, as it wrote itself down. */
export function readOwner(file: string): Owner | null {
  try {
    const [pid, state] = readFileSync(file, 'utf8').trim().split(' ')
    return Number(pid) ? { pid: Number(pid), isLeaving: state === 'leaving' } : null
  } catch {
    return null
  }
}

/** Stopped and started again at once: the old process still finishes what is in flight, on a database it takes along. */
export async function whileLeaving(ownerFile: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    const owner = readOwner(ownerFile)
    if (!owner?.isLeaving || !isAlive(owner.pid)) return
    await sleep(50)
  }
}
