import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'

const cli = path.join(import.meta.dirname, '../server/cli.ts')

export interface Ran {
  code: number | null
  out: string
  err: string
}

export interface Running {
  child: ChildProcess
  /** what it has written so far */
  said: { out: string; err: string }
  done: Promise<Ran>
}

/** A real process of the command line; nothing of this process's environment but PATH and HOME. */
export function startCli(args: readonly string[], env: Record<string, string> = {}, input?: string): Running {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [cli, ...args], { env: { PATH, HOME, ...env }, stdio: 'pipe' })
  const said = { out: '', err: '' }
  child.stdout.on('data', (data: Buffer) => (said.out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said.err += data.toString()))
  child.stdin.end(input ?? '')
  const done = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, ...said })))
  return { child, said, done }
}
