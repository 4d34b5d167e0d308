import { readFileSync } from 'node:fs'

/**
 * Most memory this process has had resident, in MB. On Linux not `resourceUsage().maxRSS`: there a child begins with the peak
 * of the process that started it (`exec` keeps it), and a small client of a large bench never shows its own.
 */
export function peakMb(): number {
  const kb =
    process.platform === 'linux' ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] : null
  return (kb ? Number(kb) : process.resourceUsage().maxRSS) / 1024
}
