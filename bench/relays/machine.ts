import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A mail server as Debian packs it, with its own root folder, seen by nobody else; ends with this process at the latest. */
export interface Machine {
  /** what its programs wrote */
  said(): string
  isRunning(): boolean
  stop(): Promise<void>
}

export interface MachineOptions {
  /** Debian packages, with those that they need and the system lacks */
  packages: readonly string[]
  /** name -> numeric id of users (and their groups) that the packages' install scripts would have made */
  users: Readonly<Record<string, number>>
  /** path from the root -> text */
  files: Readonly<Record<string, string>>
  /** shell; its last line runs a server in the foreground */
  start: string
}

const layers = path.join(tmpdir(), 'lma-mail-servers')

/** Why these servers cannot run here, in one sentence; null when they can. */
export function whyNot(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'the real mail servers need Linux and root: they run in a mount namespace of their own'
  for (const tool of ['apt-get', 'dpkg-deb', 'unshare', 'chroot'])
    if (!hasTool(tool)) return `the real mail servers come from Debian's packages, and ${tool} is missing here`
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', overlay([], 'true')], { stdio: 'pipe' })
  } catch {
    return 'this machine lets nobody mount an overlay, so the real mail servers cannot be kept apart from it'
  }
  return null
}

const hasTool = (name: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

// Everything the servers see: the packages in front, the machine behind; what they write stays in memory.
const overlay = (folders: readonly string[], then: string): string => `set -e
mkdir -p ${layers}/root
mount -t tmpfs none ${layers}/root
mkdir ${layers}/root/up ${layers}/root/work ${layers}/root/all
mount -t overlay overlay -o lowerdir=/,upperdir=${layers}/root/up,workdir=${layers}/root/work ${layers}/root/all
${folders.map((folder) => `tar -C ${folder} -c . | tar -C ${layers}/root/all -x --keep-directory-symlink`).join('\n')}
${then}`

/** Fetches the packages (once), lays them over the machine's own root, and starts. Throws when a package cannot be had. */
export function startMachine(options: MachineOptions): Machine {
  for (const name of options.packages) fetchPackage(name)
  const own = mkdtempSync(path.join(layers, 'own-'))
  mkdirSync(path.join(own, 'etc'), { recursive: true })
  for (const file of ['passwd', 'group']) copyFileSync(`/etc/${file}`, path.join(own, 'etc', file))
  for (const [name, id] of Object.entries(options.users)) {
    appendFileSync(path.join(own, 'etc/passwd'), `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin\n`)
    appendFileSync(path.join(own, 'etc/group'), `${name}:x:${id}:\n`)
  }
  for (const [file, text] of Object.entries(options.files)) {
    const at = path.join(own, file)
    mkdirSync(path.dirname(at), { recursive: true })
    writeFileSync(at, text)
    chmodSync(at, text.startsWith('#!') ? 0o755 : 0o644)
  }
  writeFileSync(path.join(own, 'start'), `#!/bin/sh\nset -e\n${options.start}\n`)
  chmodSync(path.join(own, 'start'), 0o755)
  chmodSync(own, 0o755)
  // The own files last: they replace what the packages bring.
  const folders = [...options.packages.map((name) => path.join(layers, name)), own]
  const root = `${layers}/root/all`
  // A process namespace of its own: when its first process ends, the kernel ends all of them.
  const child = spawn(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'bash',
      '-c',
      overlay(folders, `mount -t proc proc ${root}/proc; mount --rbind /dev ${root}/dev; exec chroot ${root} /start`),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const atExit = (): void => killAll(child)
  process.once('exit', atExit)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-20_000)))
  return {
    said: () => said,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      await ended(child)
      process.off('exit', atExit)
      rmSync(own, { recursive: true, force: true })
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  killAll(child)
  await gone
}

// The first process of the namespace: `unshare --kill-child` forgets it once it has changed its user, as Postfix does.
function killAll(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return
  const first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]
  if (first) process.kill(Number(first), 'SIGKILL')
  else child.kill('SIGKILL')
}

function fetchPackage(name: string): void {
  const folder = path.join(layers, name)
  if (existsSync(folder)) return
  const fetched = mkdtempSync(path.join(tmpdir(), 'lma-deb-'))
  try {
    execFileSync('apt-get', ['download', name], { cwd: fetched, stdio: 'pipe' })
    const fresh = `${folder}.new`
    rmSync(fresh, { recursive: true, force: true })
    mkdirSync(fresh, { recursive: true })
    execFileSync('sh', ['-c', `dpkg-deb -x ${fetched}/*.deb ${fresh} && mv ${fresh} ${folder}`], { stdio: 'pipe' })
  } catch (error) {
    throw new Error(`The package ${name} cannot be had; try \`apt-get update\` first.`, { cause: error })
  } finally {
    rmSync(fetched, { recursive: true, force: true })
  }
}
