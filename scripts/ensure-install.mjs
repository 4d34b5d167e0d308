// Plain Node 20, no dependencies: this runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..')
const stamp = path.join(root, 'node_modules/.liquor-agent-lock')
/** Node 24, pinned as an npm package, so that an older system Node does not matter. */
export const node = path.join(root, 'node_modules/.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

/** Installs what package-lock.json says, unless it is there already. Ends the process with a sentence when it cannot. */
export function ensureInstalled() {
  if (Number(process.versions.node.split('.')[0]) < 20)
    fail(`Node ${process.versions.node} is too old to start; install Node 20 or newer.`)
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock || !existsSync(node)) {
    process.stderr.write('Installing the dependencies (once, about a minute)...\n')
    // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, which some mirrors do not
    // carry. With the lock in place `install` takes the same versions, and --no-save leaves the lock as it is.
    const npm = spawnSync('npm', ['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
    if (npm.status !== 0)
      fail('The dependencies could not be installed. Check the network and the space on the disk, then try again.')
    writeFileSync(stamp, lock)
  }
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? ''
  if (!/^v(2[4-9]|[3-9]\d)\./.test(version)) {
    fail(
      'The npm package `node` did not bring Node 24, probably because install scripts are switched off. Run: npm rebuild node --ignore-scripts=false',
    )
  }
}

// V8 lets the garbage of streams pile up to 200 MB before it looks; a shop's machine has better use for them.
const nodeFlags = ['--max-semi-space-size=8', '--heap-growing-percent=40']

/** Runs Node 24 with these arguments, hands signals on, and resolves with the exit code. */
export function runNode(args, options = {}) {
  return run(node, [...nodeFlags, ...args], options)
}

export function run(file, args, { env = {}, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...env, PATH: path.join(root, 'node_modules/.bin') + path.delimiter + process.env.PATH },
      ...options,
    })
    // The terminal sends Ctrl-C to the child as well; we only wait for it to finish.
    const quiet = () => undefined
    const pass = () => child.kill('SIGTERM')
    process.on('SIGINT', quiet)
    process.on('SIGTERM', pass)
    child.once('error', () => resolve(1))
    child.once('exit', (code, signal) => {
      process.off('SIGINT', quiet)
      process.off('SIGTERM', pass)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1))
    })
  })
}

export function fail(sentence) {
  process.stderr.write(sentence + '\n')
  process.exit(3)
}
